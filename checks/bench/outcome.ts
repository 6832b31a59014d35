import type { Absence } from "./entrants.ts";
import type { Verdict } from "./verdict.ts";

/** What was asked for on the command line. */
export interface Options {
  /** The one part to measure; absent: every part. */
  readonly only: string | undefined;
  readonly rounds: number;
  /** Whether it only has to be seen that it runs. */
  readonly quick: boolean;
  readonly peers: boolean;
  /** Whether the pool's soak is measured beside its other parts, and how many cycles it has. */
  readonly soak: boolean;
  readonly cycles: number;
}

/** What came of a measurement. */
export interface Outcome {
  readonly results: object;
  readonly absent: readonly Absence[];
  readonly verdicts: readonly Verdict[];
}

/** Measures one part; what the other parts show is not lost where it fails. */
export async function attempt<T>(part: string, measure: () => Promise<T>): Promise<T | undefined> {
  try {
    return await measure();
  } catch (failure) {
    console.error(`${part} failed:`, failure);
    process.exitCode = 1;
    return undefined;
  }
}

/** Narrows parts to the one that was asked for; throws where there is none of that name. */
export function chosen<T extends object>(
  parts: T,
  only: string | undefined,
): readonly [string, T[keyof T]][] {
  const wanted = Object.entries<T[keyof T]>(parts as Record<string, T[keyof T]>).filter(
    ([part]) => only === undefined || only === part,
  );
  if (wanted.length === 0) throw new Error(`--only takes one of: ${Object.keys(parts).join(", ")}.`);
  return wanted;
}
