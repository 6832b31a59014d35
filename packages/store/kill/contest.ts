import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { storeAt } from "./place.ts";

/** One win of one process: of a version, or of the lease. */
interface Win {
  readonly from?: string | null;
  readonly fence?: number;
  readonly alone?: boolean;
}

/** Lets processes compete, and checks that every version and every turn was won once, by one who was alone. */
export async function contest(place: string, processes: number, times: number): Promise<void> {
  const program = fileURLToPath(new URL("contender.ts", import.meta.url));
  const said = await Promise.all(
    Array.from({ length: processes }, (_, index) =>
      promisify(execFile)(process.execPath, [program, place, `contender-${index}`, String(times)]),
    ),
  );
  const wins = said.flatMap(({ stdout }) => stdout.trim().split("\n")).map((line) => JSON.parse(line) as Win);
  const versions = wins.filter((win) => win.fence === undefined).map(({ from }) => from);
  assert.equal(versions.length, processes * times);
  assert.equal(new Set(versions).size, versions.length, "A version was won twice.");
  const turns = wins.filter((win) => win.fence !== undefined);
  assert.equal(turns.length, processes * times);
  assert.ok(
    turns.every(({ alone }) => alone),
    "Two held the lease.",
  );
  assert.equal(new Set(turns.map(({ fence }) => fence)).size, turns.length, "A fence was given twice.");
  await using store = storeAt(place);
  assert.equal((await store.verdicts.get({ url: "counter" }))?.value, processes * times);
}
