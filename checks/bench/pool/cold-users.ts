// How long it takes until many users have had the answer to their first call, each with a token of their own.
import { startEntrants, variants, type Absence, type Entrant } from "../entrants.ts";
import { interleave, ratio, typical, type Rounds } from "../interleave.ts";
import { installPeers } from "../peer-folder.ts";
import type { Listener } from "../serving.ts";
import { table } from "../table.ts";
import { eras, type Link } from "../variant.ts";
import { atOnce } from "./at-once.ts";
import type { PoolBench } from "./measure-pool.ts";
import { PoolHost } from "./pool-host.ts";

/** One round of all users. */
interface ColdUsersSlot {
  readonly wallMs: number;
  /** In microseconds of the calling process for each user. */
  readonly cpu: number;
  /** For each user. */
  readonly messages: number;
  readonly isModern: boolean;
}

/** By contender; the floor comes first. */
export interface ColdUsersResult {
  readonly users: number;
  readonly peers: readonly string[];
  readonly absent: readonly Absence[];
  readonly slots: Rounds<ColdUsersSlot>;
}

/** The name of the pool in one era, which is known beforehand. */
export const pooledName = (era: (typeof eras)[number]) => `pool and client, ${era}`;

const width = 64;

/** Measures the floor, the pool in both eras, the stock clients and the peers. */
export async function measureColdUsers(bench: PoolBench): Promise<ColdUsersResult> {
  if (bench.peers) installPeers();
  const compared = variants.filter(
    ({ kind }) => kind === "floor" || kind === "stock" || (bench.peers && kind === "peer"),
  );
  const { entrants, absent } = await startEntrants(compared);
  for (const { name, reason } of absent) console.log(`${name} is not measured: ${reason}.`);
  const [floor, ...others] = entrants.map(contenderOf);
  const contenders = [...(floor ? [floor] : []), ...eras.map(pooled), ...others];

  const users = bench.quick ? 100 : 1_000;
  const { serving } = bench;
  // The code becomes hot; each round afterwards has a port of its own, where nothing is open yet.
  for (const contender of [...contenders, ...contenders])
    await measureSlot(contender, await serving.listen(0), users);
  const slots = await interleave(contenders, bench.rounds, async (contender) =>
    measureSlot(contender, await serving.listen(0), users),
  );
  await Promise.all(entrants.map(({ host }) => host.close()));
  const peers = entrants.filter(({ kind }) => kind === "peer").map(({ name }) => name);
  const result = { users, peers, absent, slots };
  console.log(coldUsersTable(result));
  return result;
}

/** Somebody who serves many users. */
interface Contender {
  readonly name: string;
  start(url: URL): Party;
}

/** All users of one round. */
interface Party {
  firstCall(user: number): Promise<unknown>;
  close(): Promise<unknown>;
}

function pooled(era: (typeof eras)[number]): Contender {
  return {
    name: pooledName(era),
    start(url) {
      const host = new PoolHost({ url, era });
      return {
        firstCall: (user) => host.call(`user-${user}`, tokenOf(user)),
        close: () => host.close(),
      };
    },
  };
}

function contenderOf({ name, host }: Entrant): Contender {
  return {
    name,
    start(url) {
      const links: Link[] = [];
      return {
        async firstCall(user) {
          const link = await host.open(url, tokenOf(user));
          links.push(link);
          return link.call();
        },
        close: () => atOnce(width, links.length, async (at) => links[at]?.close()),
      };
    },
  };
}

const tokenOf = (user: number) => `token-of-user-${user}`;

async function measureSlot(contender: Contender, listener: Listener, users: number): Promise<ColdUsersSlot> {
  const party = contender.start(listener.url("both", { reply: "json", bytes: 200 }));
  const before = process.cpuUsage();
  const began = performance.now();
  const answers = await atOnce(width, users, (user) => party.firstCall(user));
  const wallMs = performance.now() - began;
  const { user, system } = process.cpuUsage(before);
  const { messages, modern } = await listener.tally();
  const wrong = answers.find((answer) => !JSON.stringify(answer ?? "").includes("The quick brown fox"));
  if (wrong !== undefined) throw new Error(`${contender.name}: not the answer: ${JSON.stringify(wrong)}`);
  await party.close();
  await listener.close();
  return { wallMs, cpu: (user + system) / users, messages: messages / users, isModern: modern > 0 };
}

function coldUsersTable({ users, slots }: ColdUsersResult): string {
  const [floor = []] = Object.values(slots);
  const wall = ({ wallMs }: ColdUsersSlot) => wallMs;
  const rows = Object.entries(slots).map(([name, own]) => [
    name,
    own[0]?.isModern === true ? "modern" : "legacy",
    ratio(own, floor, wall).toFixed(2),
    typical(own, wall).toFixed(0),
    typical(own, ({ cpu }) => cpu).toFixed(0),
    typical(own, ({ messages }) => messages).toFixed(2),
  ]);
  const heads = ["era", "wall ÷ floor", "wall ms", "CPU µs a user", "messages a user"];
  return table([`first calls of ${users} users, ${width} at once`, ...heads], rows);
}
