// How many users a host can connect: open, first call, close, over and over, with no delay.
import type { Bench } from "./entrants.ts";
import { interleave, ratio, typical, type Rounds } from "./interleave.ts";
import { table } from "./table.ts";
import type { Host } from "./variant.ts";

/** One slot of one round. */
export interface ConnectSlot {
  readonly perSecond: number;
  /** In microseconds for each connection, its first call and its closing. */
  readonly cpu: number;
}

export type ConnectResult = Rounds<ConnectSlot>;

const atOnce = 8;

/** Measures every entrant that has connections; the floor is one bare request for each. */
export async function measureConnects({ serving, entrants, rounds, quick }: Bench): Promise<ConnectResult> {
  const listener = await serving.listen(0);
  const url = listener.url("both", { reply: "json", bytes: 200 });
  const connecting = entrants.filter(({ kind }) => kind !== "fetch" && kind !== "tenantry");
  for (const { host } of connecting) await connect(host, url, atOnce);
  const result = await interleave(connecting, rounds, async ({ host }) => {
    globalThis.gc?.({ type: "minor" });
    const before = process.cpuUsage();
    const began = performance.now();
    const count = quick ? 16 : 40;
    await connect(host, url, count);
    const { user, system } = process.cpuUsage(before);
    return { perSecond: (count * 1_000) / (performance.now() - began), cpu: (user + system) / count };
  });
  await listener.close();
  console.log(connectTable(result));
  return result;
}

async function connect(host: Host, url: URL, count: number): Promise<void> {
  let left = count;
  const user = async () => {
    while (left-- > 0) {
      const link = await host.open(url);
      await link.call();
      await link.close();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, user));
}

function connectTable(result: ConnectResult): string {
  const [floor = []] = Object.values(result);
  const rows = Object.entries(result).map(([name, slots]) => [
    name,
    typical(slots, (slot) => slot.perSecond).toFixed(0),
    ratio(slots, floor, (slot) => slot.cpu).toFixed(1),
    typical(slots, (slot) => slot.cpu).toFixed(0),
  ]);
  return table([`connect, call, close, ${atOnce} at once`, "per second", "CPU ÷ floor", "CPU µs"], rows);
}
