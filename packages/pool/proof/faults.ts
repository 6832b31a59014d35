import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { createPool } from "../src/index.ts";
import type { Rule } from "./facts.ts";

/** A deliberate fault: what stands in one place of the pool's sources, and what is put there instead. */
export interface Fault {
  readonly what: string;
  readonly file: string;
  readonly find: string;
  readonly put: string;
  /** The rule that is about it; others may be broken too. */
  readonly breaks: Rule;
}

/** Faults that the proof must find, or it would prove nothing. */
export const faults: readonly Fault[] = [
  {
    what: "the workspace is left out of the key",
    file: "keys.ts",
    find: 'keyOf("user", scope.workspace, scope.user)',
    put: 'keyOf("user", scope.user)',
    breaks: "isolation",
  },
  {
    what: "the first waiter's abort stops the opening for all",
    file: "start.ts",
    find: "this.#flight.join({ signal: caller.signal });",
    put: '(caller.signal?.addEventListener("abort", () => this.#listener.abandoned(caller.signal?.reason)), this.#flight.join(caller));',
    breaks: "aborts",
  },
  {
    what: "a connection on loan is evicted",
    file: "entry.ts",
    find: "this.#host.capacity.busy(this.standing.slot);",
    put: "",
    breaks: "leases",
  },
  {
    what: "a parked session goes on under another subject",
    file: "holdings.ts",
    find: "const parked = this.#parkedFor(key);",
    put: "const parked = this.#parkedFor([...this.#parking].find((one) => one.target === target)?.key ?? key);",
    breaks: "isolation",
  },
  {
    what: "what arrives late is not closed",
    file: "opening.ts",
    find: "opened.then((late) => late.close())",
    put: "opened.then(() => {})",
    breaks: "endings",
  },
  {
    what: "what is ending counts towards no cap",
    file: "caps/slot.ts",
    find: "for (const bound of bounds) bound.ending++;",
    put: "bounds.map((bound) => bound.ending);",
    breaks: "caps",
  },
  {
    what: "one user may open as many at once as all",
    file: "caps/connection-bounds.ts",
    find: "if (connects && isUser)",
    put: "if (false as boolean && connects)",
    breaks: "caps",
  },
  {
    what: "a revoked user's call is made where others share the connection",
    file: "attempt.ts",
    find: "if (isIn && lender.resolver.isRevoked(demand))",
    put: "if (false as boolean)",
    breaks: "revocation",
  },
  {
    what: "a call that fails keeps its permit",
    file: "attempt.ts",
    find: 'trouble.failed(admission, failure, "calling", generation);',
    put: 'trouble.failed(admission, failure, "calling", generation); calls.enter(lane);',
    breaks: "liveness",
  },
  {
    what: "one guest's calls take all of a connection",
    file: "caps/call-permits.ts",
    find: "return [part, one, own, origin];",
    put: "return [one, own, origin];",
    breaks: "caps",
  },
  {
    what: "those who share a connection hear of a failure by one error",
    file: "failure.ts",
    find: "return withDetails(failure, { server: failure.server ?? server.id });",
    put: "return failure;",
    breaks: "isolation",
  },
  {
    what: "one principal's failures close an origin to all",
    file: "trouble/troubles.ts",
    find: 'new Breaker(this.#options, "several")',
    put: 'new Breaker(this.#options, "one")',
    breaks: "blame",
  },
  {
    what: "an older credential is adopted",
    file: "entry.ts",
    find: "if (this.carried.isUpTo(resolved)) return true;",
    put: "",
    breaks: "generations",
  },
  {
    what: "an answer is asked for again though it may have been given",
    file: "repair.ts",
    find: 'return resend === "safe";',
    put: "return true;",
    breaks: "resending",
  },
];

/** A copy of the pool with one fault in it, until it is disposed of. */
export interface FaultyPool extends AsyncDisposable {
  readonly createPool: typeof createPool;
}

/** Makes a copy of the pool's sources with the fault in it; throws where what it replaces is not there exactly once. */
export async function withFault({ file, find, put, what }: Fault): Promise<FaultyPool> {
  const source = join(import.meta.dirname, "../src");
  // Within the package, so that what the sources import is found.
  const folder = await mkdtemp(join(import.meta.dirname, "../.fault-"));
  const dispose = () => rm(folder, { recursive: true, force: true });
  try {
    await cp(source, folder, { recursive: true, filter: (path) => !path.endsWith(".test.ts") });
    const text = await readFile(join(folder, file), "utf8");
    const parts = text.split(find);
    if (parts.length !== 2) throw new Error(`${file} holds ${parts.length - 1} places for: ${what}.`);
    await writeFile(join(folder, file), parts.join(put));
    const url = pathToFileURL(join(folder, "index.ts")).href;
    const { createPool } = (await import(/* @vite-ignore */ url)) as FaultyPool;
    return { createPool, [Symbol.asyncDispose]: dispose };
  } catch (failure) {
    await dispose();
    throw failure;
  }
}
