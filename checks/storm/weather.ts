import type { Dice } from "./dice.ts";

/** Everything that can go wrong with a request. */
export const faults = Object.freeze([
  "reset before it was read",
  "reset after it was read",
  "reset in mid-answer",
  "half-open",
  "session lost",
  "unauthorized",
  "too many requests",
  "unavailable",
  "server error",
  "truncated answer",
  "stream without an answer",
  "slow drip",
] as const);

/** One of the {@link faults}. */
export type Fault = (typeof faults)[number];

/** How likely each fault is to meet a request; what is left out never happens. */
export type Odds = Readonly<Partial<Record<Fault, number>>>;

/** About one request in eight meets something. */
export const stormy: Odds = Object.freeze({
  "reset before it was read": 0.01,
  "reset after it was read": 0.012,
  "reset in mid-answer": 0.01,
  "half-open": 0.006,
  "session lost": 0.02,
  unauthorized: 0.015,
  "too many requests": 0.008,
  unavailable: 0.008,
  "server error": 0.012,
  "truncated answer": 0.01,
  "stream without an answer": 0.012,
  "slow drip": 0.01,
});

/** What one request meets. */
export interface Weather {
  /** How long it waits before anything is done about it, in milliseconds. */
  readonly latencyMs: number;
  readonly fault: Fault | undefined;
  /** Whether the server does its work first where the fault allows for either. */
  readonly worksFirst: boolean;
  /** A number from 0 to 1 for whatever else the fault has to choose. */
  readonly force: number;
}

const maxLatencyMs = 50;

/** Rolls what one request meets. */
export function weatherOf(dice: Dice, odds: Odds): Weather {
  const latencyMs = dice.chance(0.5) ? dice.below(maxLatencyMs) : 0;
  let rolled = dice.roll();
  const fault = faults.find((one) => (rolled -= odds[one] ?? 0) < 0);
  return { latencyMs, fault, worksFirst: dice.chance(0.5), force: dice.roll() };
}
