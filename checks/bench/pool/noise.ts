// What one user hears of another one's trouble.
import { setTimeout } from "node:timers/promises";
import { bearer, createTenantry, fromContext, type WorkspaceClient } from "tenantry";
import { hangingTool, refusedToken } from "../answers.ts";
import { interleave, quantile, type Rounds } from "../interleave.ts";
import type { Listener } from "../serving.ts";
import { table } from "../table.ts";
import { call } from "../variant.ts";
import type { PoolBench } from "./measure-pool.ts";
import { measureRefusals, refusalLine, type RefusalResult } from "./refusals.ts";

/** The calls of the user who has no trouble, in microseconds, those of all rounds together. */
interface NoiseFigures {
  readonly p50: number;
  readonly p99: number;
}

/** By what the other user does. */
export interface NoiseResult {
  readonly calls: Readonly<Record<string, NoiseFigures>>;
  readonly refusals: RefusalResult;
}

/** What the other user does: nothing, or 1,000 calls that nobody answers. */
export const floods = {
  none: "no flood",
  /** By how much this differs from the former is by how much the figures are uncertain. */
  noneAgain: "no flood, once more",
  elsewhere: "a flood of another server",
  here: "a flood of the same server",
} as const;

const flood = 1_000;
const form = { reply: "json", bytes: 200 } as const;

/** Measures a user's calls beside another user's flood, and beside another's refused credential. */
export async function measureNoise({ serving, rounds, quick }: PoolBench): Promise<NoiseResult> {
  const healthy = await serving.listen(0);
  const hung = await serving.listen(0);
  const credential = bearer(fromContext("token"));
  const server = { era: "legacy", credential } as const;
  await using tenantry = createTenantry({
    servers: {
      bench: { ...server, url: healthy.url("legacy", form) },
      hung: { ...server, url: hung.url("legacy", form) },
    },
  });
  const acme = tenantry.workspace("acme");
  const ada = acme.as("ada", { token: "token-of-ada" });
  const eve = acme.as("eve", { token: "token-of-eve" });

  const cases = [
    { name: floods.none, server: undefined },
    { name: floods.noneAgain, server: undefined },
    { name: floods.elsewhere, server: "hung" },
    { name: floods.here, server: "bench" },
  ];
  const calls = quick ? 300 : 2_000;
  await timesOf(ada, calls);
  const slots = await interleave(cases, rounds * 3, async ({ server }) => {
    await using _ = await startFlood(eve, server, [healthy, hung]);
    // After a collection the heap takes a while to find its size again.
    await timesOf(ada, calls / 4);
    return await timesOf(ada, calls);
  });

  const refusals = await measureRefusals(healthy, ada, acme.as("mallory", { token: refusedToken }));
  await tenantry.close();
  await healthy.close();
  await hung.close();
  const result = { calls: figuresOf(slots), refusals };
  console.log(noiseTable(result));
  return result;
}

async function timesOf(client: WorkspaceClient, calls: number): Promise<Float64Array> {
  const times = new Float64Array(calls);
  for (let at = 0; at < calls; at++) {
    const began = performance.now();
    await client.callTool({ server: "bench", tool: call.name }, call.arguments);
    times[at] = (performance.now() - began) * 1_000;
  }
  return times;
}

/** Has all calls of the flood under way or in line; they end when it is disposed of. */
async function startFlood(
  client: WorkspaceClient,
  server: string | undefined,
  listeners: readonly Listener[],
): Promise<AsyncDisposable> {
  const ended = new AbortController();
  const all = Array.from({ length: server === undefined ? 0 : flood }, () =>
    client.callTool({ server: server ?? "", tool: hangingTool }, {}, { signal: ended.signal }),
  );
  const settled = Promise.allSettled(all);
  await calm(listeners);
  return {
    async [Symbol.asyncDispose]() {
      ended.abort();
      const answered = (await settled).filter(({ status }) => status === "fulfilled");
      if (answered.length > 0) throw new Error("A call that hangs was answered.");
      await calm(listeners);
    },
  };
}

/** Waits until nothing reaches the servers any more, and leaves no garbage of it to whoever is measured next. */
async function calm(listeners: readonly Listener[]): Promise<void> {
  for (let still = 0; still < 4; still++) {
    await setTimeout(50);
    for (const listener of listeners) if ((await listener.tally()).messages > 0) still = 0;
  }
  globalThis.gc?.();
}

/** The slowest hundredth of one round is a handful of calls; that of all rounds tells more than any round's does. */
function figuresOf(slots: Rounds<Float64Array>): NoiseResult["calls"] {
  return Object.fromEntries(
    Object.entries(slots).map(([name, rounds]) => {
      const times = rounds.flatMap((round) => [...round]);
      return [name, { p50: quantile(times, 0.5), p99: quantile(times, 0.99) }];
    }),
  );
}

/** What the figures of one case are of those without a flood. */
export function besideQuiet({ calls }: NoiseResult, name: string, of: keyof NoiseFigures): number {
  return (calls[name]?.[of] ?? NaN) / (calls[floods.none]?.[of] ?? NaN);
}

function noiseTable(result: NoiseResult): string {
  const rows = Object.entries(result.calls).map(([name, { p50, p99 }]) => [
    name,
    besideQuiet(result, name, "p50").toFixed(3),
    besideQuiet(result, name, "p99").toFixed(3),
    p50.toFixed(0),
    p99.toFixed(0),
  ]);
  const heads = ["p50 ÷ no flood", "p99 ÷", "p50 µs", "p99 µs"];
  return [table(["one user's calls beside", ...heads], rows), refusalLine(result.refusals)].join("\n");
}
