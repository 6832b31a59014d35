import fc from "fast-check";
import { createPool } from "../src/index.ts";
import { poolProperty } from "./property.ts";

/** Runs one interleaving again and gives its story, step by step, with the breach at its end. */
export async function replay(seed: number, path: string): Promise<string> {
  const story: string[] = [];
  const property = poolProperty(createPool, { story });
  const details = await fc.check(property, { seed, path, numRuns: 1, endOnFailure: true });
  const [setting, steps] = details.counterexample ?? [undefined, []];
  const lines = [
    "setting:",
    JSON.stringify(setting, (_, value: unknown) => (value === Infinity ? "Infinity" : value)),
  ];
  lines.push("steps:", ...steps.map((step) => JSON.stringify(step)), "what happened:", ...story);
  const failure = details.errorInstance;
  lines.push(failure instanceof Error ? String(failure.stack) : "no rule is broken");
  return lines.join("\n");
}
