// Sends a visitor from one runtime to a server of each era, and hears from both sides how it went.
import type { Era } from "@tenantry/core";
import { runScript } from "./run-script.ts";
import { runWorker } from "./run-worker.ts";
import type { Runtime, Traits, Way } from "./runtimes.ts";
import { startTwoUserServer, type ServerAddress, type TwoUserServer } from "./two-user-server.ts";

/** What is tried. */
export const eras = ["legacy", "modern"] as const satisfies readonly Era[];

/** What a visitor is asked to do. */
export interface Order {
  readonly way: Way;
  readonly traits: Traits;
  readonly servers: readonly ServerAddress[];
}

/** What a visitor tells: how many entries loaded, and for each era "ok" or what went wrong. */
export type Outcome = Readonly<Record<Era, string> & { entries: number }>;

/** Visits both eras from a runtime in one way; what went wrong on either side is in the outcome. */
export async function visit(runtime: Runtime, way: Way, project: string): Promise<Outcome> {
  const servers = await Promise.all(eras.map((era) => startTwoUserServer(era)));
  try {
    const order = { way, traits: runtime.traits, servers: servers.map(({ address }) => address) };
    const run = runtime.args === undefined ? runWorker : runScript;
    const told = await run(runtime, order, project);
    return Object.assign(
      told,
      Object.fromEntries(await Promise.all(servers.map((server) => verdict(server, told)))),
    );
  } catch (failure) {
    return { entries: 0, legacy: String(failure), modern: String(failure) };
  } finally {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  }
}

async function verdict({ address: { era }, judge }: TwoUserServer, told: Outcome): Promise<[Era, string]> {
  if (told[era] !== "ok") return [era, told[era]];
  return judge().then(
    () => [era, "ok"],
    (failure: unknown) => [era, String(failure)],
  );
}
