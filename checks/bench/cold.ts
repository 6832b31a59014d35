// What stands between a user's first call and its answer: round trips, at a server that is 40 ms away.
import type { Eras } from "./answers.ts";
import type { Bench } from "./entrants.ts";
import { interleave, typical, type Rounds } from "./interleave.ts";
import { ClientHost, park } from "./ours.ts";
import type { Post } from "./server.ts";
import { table } from "./table.ts";
import type { Host, Link, Variant } from "./variant.ts";

/** One first call: from having nothing open to its answer. */
export interface ColdSlot {
  /** The longest chain of messages that waited for one another, the call's own included. */
  readonly roundTrips: number;
  readonly messages: number;
  readonly sockets: number;
  readonly wallMs: number;
}

export type ColdResult = Rounds<ColdSlot>;

const delayMs = 40;
const form = { reply: "json", bytes: 200 } as const;

/** One way to make a first call at one kind of server. */
interface Start {
  readonly name: string;
  readonly eras: Eras;
  start(): Promise<Host>;
}

/** Measures every entrant from the start, at servers of the legacy era and of both. */
export async function measureCold({ serving, entrants, rounds }: Bench): Promise<ColdResult> {
  const warm = await serving.listen(0);
  const resumed: Start = {
    name: "@tenantry/client, resumed → legacy server",
    eras: "legacy",
    start: () => startParked(warm.url("legacy", form)),
  };
  const unknown = (["legacy", "both"] as const).map((eras) =>
    startAt({ name: "@tenantry/client, era unknown", start: async () => new ClientHost(undefined) }, eras),
  );
  const others = entrants.filter(({ kind }) => kind !== "fetch" && kind !== "tenantry");
  const starts = [...others.flatMap(startsOf), ...unknown, resumed];
  const result = await interleave(starts, rounds, async ({ eras, start }) => {
    // A port of its own: no socket, no verdict and no session is left from the round before.
    const listener = await serving.listen(delayMs);
    const host = await start();
    const began = performance.now();
    const link = await host.open(listener.url(eras, form));
    await link.call();
    const wallMs = performance.now() - began;
    const { posts, messages, sockets } = await listener.tally();
    await link.close();
    await host.close();
    await listener.close();
    return { roundTrips: roundTrips(posts), messages, sockets, wallMs };
  });
  await warm.close();
  console.log(coldTable(result));
  return result;
}

/** The floor and the modern era need a server of both; what was told nothing is tried at each. */
function startsOf(variant: Variant): readonly Start[] {
  if (variant.kind === "floor" || variant.era === "modern") return [startAt(variant, "both")];
  if (variant.era === "legacy") return [startAt(variant, "legacy")];
  return [startAt(variant, "legacy"), startAt(variant, "both")];
}

function startAt({ name, start }: Pick<Variant, "name" | "start">, eras: Eras): Start {
  return { name: `${name} → ${eras === "both" ? "modern" : "legacy"} server`, eras, start };
}

/** A host that has kept the record of a session and nothing else of it. */
async function startParked(url: URL): Promise<Host> {
  const before = new ClientHost("legacy");
  const parked = await park(await before.connect(url));
  await before.close();
  const host = new ClientHost("legacy");
  return {
    open: (again, bearerToken): Promise<Link> => host.open(again, bearerToken, parked),
    close: () => host.close(),
  };
}

/** A message waited for every one that was answered before it arrived. */
export function roundTrips(posts: readonly Post[]): number {
  const depths: number[] = [];
  for (const { arrived } of posts) {
    const before = posts
      .slice(0, depths.length)
      .map(({ answered }, at) => (answered <= arrived ? (depths[at] ?? 0) : 0));
    depths.push(1 + Math.max(0, ...before));
  }
  return depths[posts.findIndex(({ method }) => method === "tools/call")] ?? NaN;
}

function coldTable(result: ColdResult): string {
  const rows = Object.entries(result).map(([name, slots]) => [
    name,
    typical(slots, (slot) => slot.roundTrips).toFixed(0),
    typical(slots, (slot) => slot.messages).toFixed(0),
    typical(slots, (slot) => slot.sockets).toFixed(0),
    typical(slots, (slot) => slot.wallMs).toFixed(0),
  ]);
  return table([`first call, ${delayMs} ms away`, "round trips", "messages", "sockets", "wall ms"], rows);
}
