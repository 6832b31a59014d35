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

const atOnce = 64;
const sdk = "the SDK's server";
/** Whose limits hold: the load costs little beside the server, so that it is the server's throughput that is kept. */
const loaded = { modern: `bare requests, modern, ${sdk}`, legacy: `bare requests, legacy, ${sdk}` } as const;
/** The official client is busier than the server, so that a third process on two processors takes time from it first. */
const stock = {
  modern: `stock client v2, modern, ${sdk}`,
  legacy: `stock client v2, legacy, ${sdk}`,
} as const;
const proxied = `${loaded.modern}, a bare proxy for the gateway`;

/** Measures five cases, one call at a time and 32 at once. The server, the gateway and the proxy are a process each. */
export async function measureGateway({ rounds, quick }: RouterBench): Promise<GatewayResult> {
  using server = await startBeside("sdk-server-child.ts");
  using gateway = await startBeside("gateway-child.ts", server.url.href);
  using proxy = await startBeside("proxy-child.ts", server.url.href);
  const through = { url: gateway.url, tool: `bench__${call.name}` };
  const cases = [
    await caseOf(loaded.modern, bareCaller("modern"), server.url, through),
    await caseOf(loaded.legacy, bareCaller("legacy"), server.url, through),
    await caseOf(stock.modern, stockCaller("modern"), server.url, through),
    await caseOf(stock.legacy, stockCaller("legacy"), server.url, through),
    await caseOf(proxied, bareCaller("modern"), server.url, { url: proxy.url, tool: call.name }),
  ];
  // Both processes at the ends and the one between them are as hot then as they become.
  for (const { bare: straight, dressed } of cases)
    for (const one of [straight, dressed]) await rateOf(one, quick ? 200 : 10_000);
  const result = await interleave(cases, rounds, (one) => measureSlot(one, quick ? 64 : 256));
  console.log(gatewayTable(result));
  return result;
}

/** The limits hold for a server as it is in use; what its clients cost themselves is shown beside it. */
export function judgeGateway(result: GatewayResult = {}): readonly Verdict[] {
  return Object.values(loaded).flatMap((name) => {
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

/** What is called through what is between. */
interface Through {
  readonly url: URL;
  readonly tool: string;
}

async function caseOf(name: string, caller: Caller, server: URL, { url, tool }: Through): Promise<Case> {
  const straight = await caller(server, call.name);
  return { name, concurrency: 1, bare: straight, dressed: await caller(url, tool) };
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
