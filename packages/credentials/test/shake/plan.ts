import fc from "fast-check";

/** What becomes of a token request: it is not sent, its answer is lost, or it never ends. */
export type Trouble = "none" | "unsent" | "lost" | "never";

/** One thing that happens. */
export type Step =
  | { readonly kind: "call"; readonly process: number; readonly rejects: boolean }
  | { readonly kind: "abort"; readonly call: number }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "grant"; readonly process: number }
  | { readonly kind: "happen"; readonly count: number };

/** What one run is made of. */
export interface Plan {
  readonly processes: number;
  /** How many waits each process lives for; those that have none live for ever. */
  readonly lives: readonly (number | undefined)[];
  readonly graceMs: number | undefined;
  /** What becomes of the token requests, one after the other; all is well after these. */
  readonly trouble: readonly Trouble[];
  readonly steps: readonly Step[];
}

const process = fc.nat(3);
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("call"), process, rejects: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("happen"), count: fc.integer({ min: 1, max: 12 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("pass"), ms: fc.constantFrom(1, 400, 6_000, 3_600_000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("abort"), call: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("grant"), process }) },
);

/** The last process always lives, so that there is somebody left to be hurt. */
export const plans: fc.Arbitrary<Plan> = fc
  .record({
    lives: fc.array(fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }), { maxLength: 3 }),
    graceMs: fc.constantFrom(undefined, 5_000, Number.MAX_SAFE_INTEGER),
    trouble: fc.array(fc.constantFrom<Trouble>("none", "none", "unsent", "lost", "never"), { maxLength: 3 }),
    steps: fc.array(steps, { minLength: 2, maxLength: 16 }),
  })
  .map((plan) => ({ ...plan, processes: plan.lives.length + 1 }));
