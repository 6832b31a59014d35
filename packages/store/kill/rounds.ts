import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { storeAt } from "./place.ts";

/** What the rounds came to. */
export interface Toll {
  readonly rounds: number;
  /** How many writes were acknowledged before a kill, and are there. */
  readonly acknowledged: number;
  /** How many rows held a write that was done but not acknowledged any more. */
  readonly unheard: number;
}

interface Acknowledged {
  readonly url: string;
  readonly count: number;
  readonly version: string;
}

/**
 * Kills a writer at a random moment, so many times, and looks after each at what it left: every acknowledged write is
 * there, with its version, or the one write that followed it; the next lease comes soon and has a higher fence; and
 * `inspect` finds the database intact.
 */
export async function killWriters(
  place: string,
  rounds: number,
  inspect: () => Promise<void>,
): Promise<Toll> {
  const known = new Map<string, Acknowledged>();
  const toll = { rounds, acknowledged: 0, unheard: 0 };
  let fence = 0;
  for (let round = 0; round < rounds; round++) {
    const lines = await killOne(place);
    for (const line of lines) {
      if ("fence" in line) {
        assert.ok(line.fence > fence, `The fence ${line.fence} came after ${fence}.`);
        fence = line.fence;
        continue;
      }
      const before = known.get(line.url)?.count ?? 0;
      assert.equal(line.count, before + 1, `${line.url} went from ${before} to ${line.count}.`);
      known.set(line.url, line);
      toll.acknowledged++;
    }
    toll.unheard += await lookAt(place, known);
    await inspect();
  }
  return toll;
}

/** Starts a writer, kills it, and gives the whole lines that it said. */
async function killOne(place: string): Promise<readonly (Acknowledged | { readonly fence: number })[]> {
  const writer = spawn(process.execPath, [fileURLToPath(new URL("writer.ts", import.meta.url)), place], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  let complaints = "";
  writer.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  const ended = once(writer, "close");
  await new Promise<void>((resolve) => {
    writer.stdout.on("data", (chunk: Buffer) => {
      if (said === "") setTimeout(() => writer.kill("SIGKILL"), Math.random() * 120);
      said += chunk.toString();
      resolve();
    });
    void ended.then(() => resolve());
  });
  const [, signal] = (await ended) as [number | null, string | null];
  assert.equal(signal, "SIGKILL", `The writer ended by itself: ${complaints}`);
  const lines = said.split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Acknowledged);
}

/** Reads every row as the next process would; one that is ahead was written and not acknowledged any more. */
async function lookAt(place: string, known: Map<string, Acknowledged>): Promise<number> {
  await using store = storeAt(place);
  let unheard = 0;
  const { rows } = await store.verdicts.scan();
  for (const { key, value, version } of rows) {
    const { count } = value as { count: number };
    const last = known.get(key.url) ?? { url: key.url, count: 0, version: "" };
    if (count === last.count) {
      assert.equal(version, last.version, `${key.url} has another version than was acknowledged.`);
      continue;
    }
    assert.equal(count, last.count + 1, `${key.url} holds ${count}, and ${last.count} was acknowledged.`);
    unheard++;
    await assert.rejects(store.verdicts.put(key, value, { ifVersion: last.version }), {
      code: "STORE_CONFLICT",
    });
    known.set(key.url, { url: key.url, count, version });
  }
  assert.equal(rows.length, known.size, "A row is gone.");
  assert.ok(unheard <= 1, `${unheard} rows are ahead of what was acknowledged.`);
  return unheard;
}
