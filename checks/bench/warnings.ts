// Whether anything builds up over very many calls on one connection: Node warns of it, once for each place.
import type { Bench } from "./entrants.ts";
import { ClientHost } from "./ours.ts";
import { table } from "./table.ts";
import { call, eras } from "./variant.ts";

/** How many warnings there were, by case. */
export type WarningResult = Readonly<Record<string, number>>;

const atOnce = 32;

/** Makes 100,000 calls on one connection of each era, with and without one signal that outlives them all. */
export async function measureWarnings({ serving, quick }: Bench): Promise<WarningResult> {
  const listener = await serving.listen(0);
  const url = listener.url("both", { reply: "json", bytes: 200 });
  const calls = quick ? 2_000 : 100_000;
  const result: Record<string, number> = {};
  for (const era of eras) {
    for (const signal of [undefined, new AbortController().signal]) {
      const name = `${era}, ${signal === undefined ? "no signal" : "one signal for all"}`;
      const host = new ClientHost(era);
      const connection = await host.connect(url);
      let left = calls;
      const caller = async () => {
        while (left-- > 0) await connection.request("tools/call", call, signal && { signal });
      };
      result[name] = await countWarnings(() => Promise.all(Array.from({ length: atOnce }, caller)));
      await connection.close();
      await host.close();
    }
  }
  await listener.close();
  const rows = Object.entries(result).map(([name, count]) => [name, String(count)]);
  console.log(table([`${calls} calls on one connection`, "warnings"], rows));
  return result;
}

async function countWarnings(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const warned = () => count++;
  process.on("warning", warned);
  try {
    await work();
    // Node emits a warning in the tick after it.
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off("warning", warned);
  }
  return count;
}
