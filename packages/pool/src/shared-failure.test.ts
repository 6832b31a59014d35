import { expect, it } from "vitest";
import { principalOf, type Scope, type WorkspaceId } from "@tenantry/core";
import { failure, settle } from "../test/fake-connector.ts";
import { failureOf, startPool } from "../test/start-pool.ts";

const shared: readonly Scope[] = [
  { share: "everyone" },
  { share: "workspace", workspace: "acme" as WorkspaceId },
];

it.each(shared)("gives each user of $share an error of their own for one failed start", async (scope) => {
  const { run, fake } = startPool({}, { automatic: false });
  const by = (user: string) => ({ scope, principal: principalOf({ workspace: "acme", user }) });
  const heard = ["ada", "bob"].map((user) => failureOf(run(async () => "ran", by(user))));
  await settle();
  expect(fake.openings).toHaveLength(1);
  const cause = new Error("down");
  fake.openings[0]?.fail(failure({ cause, status: 503 }));
  const [ada, bob] = (await Promise.all(heard)) as [object, object];
  Object.assign(ada, { noted: "ada's" });
  expect(bob).toMatchObject({ code: "SESSION_LOST", server: "files", status: 503, cause });
  expect(bob).not.toHaveProperty("noted");
});

it("gives each caller of one user the one error", async () => {
  const { run, fake } = startPool({}, { automatic: false });
  const heard = [1, 2].map(() => failureOf(run(async () => "ran")));
  await settle();
  const down = failure({});
  fake.openings[0]?.fail(down);
  expect(await Promise.all(heard)).toEqual([down, down]);
});
