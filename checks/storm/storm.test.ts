// A sample of what `pnpm storm` does at full size. A seed that fails here is run again with the command that is printed.
import { randomInt } from "node:crypto";
import type { Tenantry, WorkspaceClient } from "tenantry";
import { expect, it } from "vitest";
import { violationsOf } from "./judge.ts";
import { nameOf, tokenOf } from "./people.ts";
import { planOf, type Step } from "./plan.ts";
import { runStorms } from "./run.ts";
import { Users } from "./users.ts";

const sample = { users: 60, calls: 250, lanes: 20 };

it("keeps everything of each user apart in a storm, and leaves nothing behind", async () => {
  const seeds = [1, 7, randomInt(2 ** 31)];
  const aftermaths = await runStorms(seeds.map((seed) => ({ ...sample, seed })));
  for (const [index, aftermath] of aftermaths.entries()) {
    const replay = `pnpm storm --users 60 --calls 250 --lanes 20 --seed ${seeds[index]}`;
    expect(violationsOf(aftermath), replay).toEqual([]);
  }
});

it("answers everything in calm weather, and reports the one call that goes out with another user's token", async () => {
  const calm = { ...sample, calls: 100, seed: 1, odds: {} };
  const chosen = planOf(calm).find(
    ({ verb, server, abort }) => verb === "call" && server === "ledger" && !abort,
  );
  const other = { workspace: "hooli", user: "somebody", generation: 0 };
  /** A host that looks up the token of the wrong user, once. */
  class Careless extends Users {
    override clientFor(tenantry: Tenantry, step: Step): WorkspaceClient {
      if (step.nonce !== chosen?.nonce) return super.clientFor(tenantry, step);
      return tenantry.workspace(step.workspace).as(step.user, { token: tokenOf(other) });
    }
  }
  const [aftermath] = await runStorms([{ ...calm, host: new Careless() }]);
  const crossing = `call ${chosen?.nonce} of ${chosen && nameOf(chosen)} came with the token of hooli/somebody`;
  expect(aftermath && violationsOf(aftermath)).toEqual([`CROSSING legacy-json: ${crossing}`]);
  expect(aftermath?.outcomes.flatMap(({ failures }) => failures).every(({ code }) => code === "CLOSED")).toBe(
    true,
  );
});

it("plans the same steps for the same seed, and others for another", () => {
  const plan = planOf({ ...sample, seed: 1 });
  expect(planOf({ ...sample, seed: 1 })).toEqual(plan);
  expect(planOf({ ...sample, seed: 2 })).not.toEqual(plan);
  expect(new Set(plan.map(({ nonce }) => nonce)).size).toBe(sample.calls);
});
