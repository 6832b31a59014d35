// What a gateway between a client and a server costs: the same client calls straight and through it, in turns.
import { interleave, quantile, typical, type Rounds } from "../interleave.ts";
import { addedAt, timePair, type Call, type Pair } from "../paired.ts";
import { table } from "../table.ts";
import { call } from "../variant.ts";
import { atLeast, atMost, type Verdict } from "../verdict.ts";
import { startBeside } from "./beside.ts";
import { bareCaller, stockCaller, type Caller } from "./callers.ts";
import type { RouterBench } from "./measure-router.ts";

/** One slot of one round. */
interface GatewaySlot {
  /** The median of calls straight to the server, and what the gateway adds to it, in microseconds. */
  readonly straight: number;
  readonly added: number;
  /** Calls a second, straight and through the gateway. */
  readonly straightRate: number;
  readonly rate: number;
}

/** By client and server. */
export type GatewayResult = Rounds<GatewaySlot>;

const atOnce = 32;
const inUse = {
  modern: "stock client v2, modern, and the SDK's server",
  legacy: "stock client v2, legacy, and the SDK's server",
} as const;
const bare = "bare requests and the bench server";
const proxied = `${bare}, a bare proxy for the gateway`;

/** Measures four cases, one call at a time and 32 at once. Each server, each gateway and the proxy is a process. */
export async function measureGateway({ serving, rounds, quick }: RouterBench): Promise<GatewayResult> {
  const listener = await serving.listen(0);
  const ready = listener.url("both", { reply: "json", bytes: 200 });
  using sdk = await startBeside("sdk-server-child.ts");
  using beforeSdk = await startBeside("gateway-child.ts", sdk.url.href);
  using beforeReady = await startBeside("gateway-child.ts", ready.href);
  using proxy = await startBeside("proxy-child.ts", ready.href);
  const through = `bench__${call.name}`;
  const cases = [
    await caseOf(inUse.modern, stockCaller("modern"), sdk.url, beforeSdk.url, through),
    await caseOf(inUse.legacy, stockCaller("legacy"), sdk.url, beforeSdk.url, through),
    await caseOf(bare, bareCaller, ready, beforeReady.url, through),
    await caseOf(proxied, bareCaller, ready, proxy.url, call.name),
  ];
  // Both processes at the ends and the one between them are as hot then as they become.
  for (const { bare: straight, dressed } of cases)
    for (const one of [straight, dressed]) await rateOf(one, quick ? 200 : 10_000);
  const result = await interleave(cases, rounds, (one) => measureSlot(one, quick ? 64 : 256));
  await listener.close();
  console.log(gatewayTable(result));
  return result;
}

/** The limits hold for clients and servers as they are in use; what is bare is shown beside them. */
export function judgeGateway(result: GatewayResult = {}): readonly Verdict[] {
  return Object.values(inUse).flatMap((name) => {
    const slots = result[name] ?? [];
    return [
      atMost(
        `ms that a gateway adds, median: ${name}`,
        0.3,
        typical(slots, ({ added }) => added / 1_000),
      ),
      atLeast(`% of calls a second kept: ${name}`, 70, kept(slots)),
    ];
  });
}

interface Case extends Pair {
  readonly name: string;
}

async function caseOf(name: string, caller: Caller, server: URL, between: URL, tool: string): Promise<Case> {
  const straight = await caller(server, call.name);
  return { name, concurrency: 1, bare: straight, dressed: await caller(between, tool) };
}

async function measureSlot(one: Case, times: number): Promise<GatewaySlot> {
  const slot = await timePair(one, times);
  const straightFirst = Math.random() < 0.5;
  const first = await rateOf(straightFirst ? one.bare : one.dressed, 4 * times);
  const second = await rateOf(straightFirst ? one.dressed : one.bare, 4 * times);
  const [straightRate, rate] = straightFirst ? [first, second] : [second, first];
  return { straight: quantile(slot.bare, 0.5), added: addedAt(0.5, slot), straightRate, rate };
}

/** How many calls a second are answered while 32 are under way. */
async function rateOf(one: Call, times: number): Promise<number> {
  let left = times;
  const caller = async () => {
    while (left-- > 0) await one();
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: atOnce }, caller));
  return (times * 1_000) / (performance.now() - began);
}

const kept = (slots: readonly GatewaySlot[]) =>
  typical(slots, ({ straightRate, rate }) => (100 * rate) / straightRate);

function gatewayTable(result: GatewayResult): string {
  const rows = Object.entries(result).map(([name, slots]) => [
    name,
    typical(slots, ({ straight }) => straight).toFixed(0),
    typical(slots, ({ added }) => added).toFixed(0),
    typical(slots, ({ straightRate }) => straightRate).toFixed(0),
    typical(slots, ({ rate }) => rate).toFixed(0),
    kept(slots).toFixed(0),
  ]);
  const heads = ["straight p50 µs", "added p50 µs", "straight /s", "through /s", "kept %"];
  return table(["a gateway between", ...heads], rows);
}
