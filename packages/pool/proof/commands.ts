import fc from "fast-check";
import type { PoolLimits } from "../src/limits.ts";
import { scopeCount, serverCount } from "./cast.ts";
import type { Mood, Renewal } from "./fakes/issuer.ts";
import type { Lending } from "./fakes/network.ts";
import type { Refusal, Verdict } from "./fakes/verdict.ts";

const index = fc.nat(30);
const mostly = <T>(usual: T, ...others: readonly T[]) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
const rarely = fc.nat(7).map((nat) => nat === 7);
const nearlyAlways = rarely.map((is) => !is);

const verdict = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Verdict>("answer") },
  { weight: 2, arbitrary: fc.constant<Verdict>("refused") },
  {
    weight: 6,
    arbitrary: fc.constantFrom<Verdict[]>(
      "session lost",
      "connection lost",
      "answer lost",
      "unavailable",
      "held back",
      "bug",
    ),
  },
);
/** What becomes of the work, and whether that takes until somebody says so. */
const attempt = fc.record({ verdict, hangs: rarely });
const who = { scope: fc.nat(scopeCount - 1), server: fc.nat(serverCount - 1), as: mostly<0 | 1>(0, 1) };
const by = fc.constantFrom("user", "session", "workspace", "server", "subject", "everything");

/** What may happen next, and how often. Whoever it happens to is found by an index among those to whom it can. */
const action = fc.oneof(
  often(8, "run", { ...who, first: attempt, second: attempt, resend: fc.constantFrom("refused", "safe") }),
  often(4, "acquire", who),
  often(4, "release", { index }),
  often(1, "tell", { index }),
  often(2, "abort", { index }),
  often(5, "arrive", { index, adopts: nearlyAlways, parks: nearlyAlways }),
  often(2, "fail", { index, refusal: fc.constantFrom<Refusal[]>("unreachable", "refused", "busy") }),
  often(1, "lose", { index }),
  often(2, "rotate", who),
  often(1, "regrant", who),
  often(2, "provider", {
    ...who,
    mood: fc.constantFrom<Mood[]>("prompt", "slow", "hanging", "failing"),
    renewal: mostly<Renewal>("rotates", "regrants", "has nothing else"),
  }),
  often(1, "upstream", { ...who, lending: fc.constantFrom<Lending[]>("prompt", "slow", "failing") }),
  often(1, "revoke", { ...who, by }),
  often(1, "drain", { ...who, by }),
  often(5, "pass", { ms: fc.constantFrom(10, 30, 50, 100, 300) }),
);

/** One of the things that may happen. */
export type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** The things of some kinds that may happen. */
export type Of<K extends Action["kind"]> = Extract<Action, { readonly kind: K }>;

/** Something that happens, and how far all else goes on before the next. */
export interface Step {
  readonly action: Action;
  /** Who of those that wait for their turn get it. */
  readonly turns: readonly number[];
  /** How many promises settle one after the other before the next thing happens. */
  readonly ticks: number;
  /** From 0 to 7: above the setting's calm, the next thing does not wait until all promises have settled. */
  readonly haste: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  action,
  turns: fc.array(fc.nat(9), { maxLength: 2 }),
  ticks: fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(9) }),
  haste: fc.nat(7),
});

/** The steps of one run. */
export const steps = fc.array(step, { minLength: 5, maxLength: 45, size: "max" });

/** Small bounds, so that they are reached. */
const limits: fc.Arbitrary<PoolLimits> = fc.record({
  maxConnections: mostly(4, 1, 2, 8),
  maxConnectionsPerWorkspace: mostly(Infinity, 2),
  maxConnectionsPerUser: mostly(2, 1, 4),
  maxConnectionsPerServer: mostly(Infinity, 1, 2),
  maxConnectsPerOrigin: mostly(64, 1, 2),
  maxConnectsPerUser: mostly(16, 1, 2),
  maxCallsPerUser: mostly(4, 1, 2),
  maxCallsPerConnection: mostly(2, 1, 4),
  maxSharedCallsPerUser: mostly(1, 2),
  maxCallsPerServer: mostly(4, 1, 2),
  maxWaiting: mostly(4, 0, 1),
  idleTimeoutMs: fc.constant(50),
  parkedTimeoutMs: fc.constant(200),
  maxParked: mostly(4, 0, 1),
  maxParkedPerUser: mostly(4, 1),
  maxLifetimeMs: mostly(1_000, 300),
  connectTimeoutMs: fc.constant(100),
  acquireTimeoutMs: fc.constant(100),
  drainTimeoutMs: mostly(30, 0),
  breakerThreshold: mostly(2, 1, 3),
  breakerBaseMs: fc.constant(50),
  breakerMaxMs: fc.constant(100),
  breakerStableMs: fc.constant(200),
  maxHoldMs: mostly(100, 20),
  maxTroubles: mostly(4, 1),
  maxTroublesPerUser: mostly(4, 1),
});

/** What one run happens in. */
export const setting = fc.record({
  limits,
  /** Few of everybody, so that they meet. */
  scopes: fc.uniqueArray(fc.nat(scopeCount - 1), { minLength: 1, maxLength: 4 }),
  servers: fc.uniqueArray(fc.nat(serverCount - 1), { minLength: 1, maxLength: 2 }),
  opensSoon: fc.boolean(),
  heedsAborts: mostly(true, false),
  partsSlowly: fc.boolean(),
  /** Up to which haste all promises settle after a step. */
  calm: mostly(4, 0),
  seed: fc.nat(),
  /** Before which step the pool is told to close, where that is not after the last. */
  closesAt: mostly<number | undefined>(undefined, 5, 10, 20),
});

/** What one run happens in. */
export type Setting = typeof setting extends fc.Arbitrary<infer T> ? T : never;

/** Whichever an index finds among those that there are. */
export function pick<T>(list: readonly T[], index: number): T | undefined {
  return list[index % Math.max(1, list.length)];
}

function often<const K extends string, F>(
  weight: number,
  kind: K,
  fields: { readonly [P in keyof F]: fc.Arbitrary<F[P]> },
): fc.WeightedArbitrary<{ readonly kind: K } & Readonly<F>> {
  const arbitrary = fc.record({ kind: fc.constant(kind), ...fields });
  return { weight, arbitrary: arbitrary as unknown as fc.Arbitrary<{ readonly kind: K } & Readonly<F>> };
}
