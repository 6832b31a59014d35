import type { Counter, Counters } from "@tenantry/core";
import type { Engine } from "./engine.ts";
import { invalid } from "./failure.ts";
import { encodeName, ttlOf, type TtlOptions } from "./leases.ts";

/** The most that is added at once. */
const maxPoints = 1_000_000;
const what = "the name of a counter";

/** The counters of an engine; they check what they are given before anything is sent. */
export function countersOf(engine: Engine): Counters {
  return Object.freeze({
    add: async (name: string, points: number, options: TtlOptions) =>
      counterOf(await engine.add(encodeName(name, what), pointsOf(points), ttlOf(options))),
    get: async (name: string) => {
      const counter = await engine.counter(encodeName(name, what));
      return counter && counterOf(counter);
    },
    reset: async (name: string) => engine.resetCounter(encodeName(name, what)),
  });
}

/** An object of our own, whatever a driver makes of a row. */
function counterOf({ points, expiresAt }: Counter): Counter {
  return Object.freeze({ points, expiresAt });
}

function pointsOf(points: number): number {
  if (Number.isInteger(points) && points >= 1 && points <= maxPoints) return points;
  throw invalid(`points is a whole number from 1 to ${maxPoints}.`);
}
