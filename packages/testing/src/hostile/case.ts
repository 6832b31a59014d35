import type { Era } from "@tenantry/core";
import type { HostileTarget } from "./client.ts";
import type { HostileOutcome } from "./outcome.ts";
import { Scene, type HostileOptions } from "./scene.ts";
import type { HostileRecord } from "./stage.ts";
import { commonComplaints } from "./verdict.ts";

/** One thing that a client does. `list` and `call` are left out while nothing is open. */
export type HostileStep =
  | { readonly do: "open"; readonly target: HostileTarget }
  | { readonly do: "list" }
  | { readonly do: "call"; readonly tool: string }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "close" };

/** What a client does against a server, and where its names and addresses lead. It is plain data. */
export interface HostilePlan {
  readonly steps: readonly HostileStep[];
  /** What each name resolves to the first time, the second time and so on; the last answer is repeated. */
  readonly hosts: Readonly<Record<string, readonly (readonly string[])[]>>;
  /** Which port of 127.0.0.1 stands for an address of the public internet. */
  readonly routes: Readonly<Record<string, number>>;
  /** Variables that the client's process should have. */
  readonly env: Readonly<Record<string, string>>;
}

/** A running hostile server. */
export interface HostileServer extends AsyncDisposable {
  /** What the client is to do; see `confront`. */
  readonly plan: HostilePlan;
  /** What has reached each server of the case so far, by name: `server`, and others where there are some. */
  readonly records: Readonly<Record<string, HostileRecord>>;
  /** What the client did wrong, a sentence each; empty where it did as expected. */
  judge(outcome: HostileOutcome): readonly string[];
  /** Stops listening and ends every socket. */
  close(): Promise<void>;
}

/** One way for a server to be hostile. */
export interface HostileCase {
  /** The case's number; several cases can be variants of one. */
  readonly id: string;
  readonly title: string;
  /** What a client that does well does. */
  readonly expected: string;
  /** The eras in which it can happen. */
  readonly eras: readonly Era[];
  /** Starts the server on free ports of 127.0.0.1. */
  start(options?: HostileOptions): Promise<HostileServer>;
}

/** What a case adds to what holds for all of them. */
interface Staged {
  readonly steps: readonly HostileStep[];
  readonly hosts?: HostilePlan["hosts"];
  readonly routes?: HostilePlan["routes"];
  readonly env?: HostilePlan["env"];
  /** Gives the complaints; `undefined` is none. */
  judge(outcome: HostileOutcome): readonly (string | undefined)[];
}

/** How a case is written down. */
export interface CaseDescription extends Pick<HostileCase, "id" | "title" | "expected"> {
  /** Defaults to both. */
  readonly eras?: readonly Era[];
  stage(scene: Scene): Promise<Staged>;
}

/** Makes a case from its description. */
export function hostileCase({ stage, eras = bothEras, ...words }: CaseDescription): HostileCase {
  return Object.freeze({
    ...words,
    eras,
    async start(options: HostileOptions = {}) {
      const scene = new Scene({ era: eras[0] ?? "legacy", ...options });
      try {
        return serverOf(scene, await stage(scene));
      } catch (failure) {
        await scene.close();
        throw failure;
      }
    },
  });
}

const bothEras: readonly Era[] = ["legacy", "modern"];

function serverOf(scene: Scene, { steps, hosts = {}, routes = {}, env = {}, judge }: Staged): HostileServer {
  const close = () => scene.close();
  return Object.freeze({
    plan: Object.freeze({ steps, hosts, routes, env }),
    records: scene.records,
    judge: (outcome: HostileOutcome) =>
      [...commonComplaints(outcome, scene.size), ...judge(outcome)].filter((one) => one !== undefined),
    close,
    [Symbol.asyncDispose]: close,
  });
}
