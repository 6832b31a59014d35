import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { LateMoment } from "./lateness.ts";
import type { Ledger } from "./ledger.ts";
import { workspaces, type Workspace } from "./people.ts";
import type { ServerName } from "./plan.ts";
import type { StormServerOptions } from "./server/storm-server.ts";

/** What the servers' process is told when it starts. */
export type Orders = Pick<StormServerOptions, "seed" | "odds">;

/** What it says whenever it is asked. */
export interface FleetReport {
  readonly ledgers: readonly Ledger[];
  /** When that process was late. */
  readonly late: readonly LateMoment[];
}

/** The servers of a run, in a process of their own. */
export interface Fleet extends AsyncDisposable {
  readonly urls: Readonly<Record<FleetServer, string>>;
  report(): Promise<FleetReport>;
}

/** Two of each era, one of which answers with JSON and one with event streams. */
export const fleetServers = Object.freeze({
  "legacy-json": { era: "legacy", style: "json", workspaces },
  "modern-json": { era: "modern", style: "json", workspaces },
  "legacy-sse": { era: "legacy", style: "sse", workspaces: ["acme", "globex", "initech"] },
  "modern-sse": { era: "modern", style: "sse", workspaces: ["hooli", "umbrella"] },
} as const satisfies Record<string, Pick<StormServerOptions, "era" | "style" | "workspaces">>);

/** One of the {@link fleetServers}. */
export type FleetServer = keyof typeof fleetServers;

/** Where a server id of a workspace leads: `notes` is one server for some workspaces, and another for the others. */
export function behind(workspace: Workspace, server: ServerName): FleetServer {
  if (server === "ledger") return "legacy-json";
  if (server === "search") return "modern-json";
  const some: readonly string[] = fleetServers["legacy-sse"].workspaces;
  return some.includes(workspace) ? "legacy-sse" : "modern-sse";
}

/** Starts the servers; they end when they are disposed of, or with this process. */
export async function startFleet(orders: Orders): Promise<Fleet> {
  const child = fork(join(import.meta.dirname, "servers.ts"), { execArgv: [] });
  const ask = async <T>(question: Orders | "report"): Promise<T> => {
    const answered = once(child, "message");
    child.send(question);
    return ((await answered) as [T])[0];
  };
  return {
    urls: await ask<Fleet["urls"]>(orders),
    report: () => ask<FleetReport>("report"),
    async [Symbol.asyncDispose]() {
      const exited = once(child, "exit");
      child.disconnect();
      await exited;
    },
  };
}
