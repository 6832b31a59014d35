import fc from "fast-check";
import { TenantryError, type Origin, type ServerId } from "@tenantry/core";
import { expect, it } from "vitest";
import { stepClock } from "../../test/step-clock.ts";
import type { PoolKey } from "../keys.ts";
import type { Admission } from "./admission.ts";
import { defaultTroubleLimits } from "./limits.ts";
import type { Trouble } from "./trouble.ts";
import { Troubles } from "./troubles.ts";

const { breakerThreshold, breakerBaseMs } = defaultTroubleLimits;

function create() {
  const clock = stepClock();
  const troubles = new Troubles({ limits: defaultTroubleLimits, clock, random: () => 1 });
  const use = (principal: string) => {
    const facts = { principal, server: "files" as ServerId, origin: "https://example.com" as Origin };
    return troubles.of({ ...facts, way: facts.origin, poolKey: JSON.stringify([principal]) as PoolKey });
  };
  return { clock, use };
}

const broken = new TenantryError("CONNECT_FAILED", "no");

function admitted(trouble: Trouble): Admission | undefined {
  try {
    return trouble.admit(undefined);
  } catch {
    return undefined;
  }
}

/** One principal none of whose calls succeeds. */
function hostile(trouble: Trouble) {
  const attempts: Admission[] = [];
  return (step: "begin" | "fail" | "leave") => {
    if (step === "begin") {
      const attempt = admitted(trouble);
      if (attempt) attempts.push(attempt);
      return;
    }
    const attempt = attempts.shift();
    if (attempt && step === "fail") trouble.failed(attempt, broken, "calling", undefined);
    if (attempt && step === "leave") trouble.left(attempt);
  };
}

const acts = ["begin", "begin", "fail", "leave"] as const;
interface Step {
  readonly act: (typeof acts)[number];
  readonly passMs: number;
}
const step = fc.record({ act: fc.constantFrom(...acts), passMs: fc.constantFrom(0, 0, 1, 100, 500) });
const steps = fc.array(step, { minLength: 50, maxLength: 300, size: "max" });

it("refuses nobody for what a single other principal does", () => {
  const run = (steps: readonly Step[]) => {
    const { clock, use } = create();
    const act = hostile(use("mallory"));
    const eve = use("eve");
    for (const step of steps) {
      act(step.act);
      clock.step(step.passMs);
      eve.left(eve.admit(undefined));
    }
  };
  fc.assert(fc.property(steps, run));
});

it("lets others probe soon after an outage, whatever a single principal does to its probes", () => {
  const run = (steps: readonly Step[], order: readonly string[]) => {
    const { clock, use } = create();
    for (let time = 0; time < breakerThreshold; time++) {
      const act = hostile(use(order[time % order.length]!));
      act("begin");
      act("fail");
    }
    const act = hostile(use("mallory"));
    const eve = use("eve");
    expect(admitted(eve)).toBeUndefined();
    let refusedSince: number | undefined = 0;
    for (const step of steps) {
      act(step.act);
      clock.step(step.passMs);
      const attempt = admitted(eve);
      if (attempt) eve.left(attempt);
      refusedSince = attempt ? undefined : (refusedSince ?? clock.now());
      // One principal costs another at most two delays and the time of two probes: 1 s and 2 s each.
      expect(clock.now() - (refusedSince ?? clock.now())).toBeLessThanOrEqual(6 * breakerBaseMs);
    }
  };
  fc.assert(fc.property(steps, fc.constantFrom(["bob", "mallory"], ["mallory", "bob"]), run));
});
