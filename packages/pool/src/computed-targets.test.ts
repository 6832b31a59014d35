import { expect, it } from "vitest";
import type { Target } from "@tenantry/core";
import { userScope } from "../test/fake-connector.ts";
import { startPool } from "../test/start-pool.ts";

/** Calls once as each user, with a target that says so only when it is asked. */
async function servedOf(targetFor: (plain: Target, current: () => string) => Target): Promise<unknown[]> {
  const { pool, target } = startPool();
  const users = ["mallory", "ada"];
  let current = "";
  const plain = target();
  const given = targetFor({ ...plain, server: Object.freeze(plain.server) }, () => current);
  const served: unknown[] = [];
  for (current of users)
    served.push(
      await pool.run(given, async ({ opening }) => opening.scope, { context: {}, resend: "refused" }),
    );
  return served;
}

const both = [userScope("mallory"), userScope("ada")];

it("reads a frozen target anew whose scope is computed", async () => {
  const served = await servedOf((plain, current) =>
    Object.freeze({
      ...plain,
      get scope() {
        return Object.freeze(userScope(current()));
      },
    }),
  );
  expect(served).toEqual(both);
});

it("reads a frozen target anew whose class computes its scope", async () => {
  const served = await servedOf((plain, current) => {
    class Computed {
      readonly server = plain.server;
      readonly upstream = plain.upstream;
      get scope() {
        return Object.freeze(userScope(current()));
      }
    }
    return Object.freeze(new Computed());
  });
  expect(served).toEqual(both);
});

it("gives a scope no conversation that its prototype computes", async () => {
  const { pool, target } = startPool();
  let session = "one";
  const computed = Object.create(null, { session: { get: () => session } }) as object;
  const scope = Object.freeze(Object.assign(Object.create(computed) as object, userScope("ada")));
  const plain = target();
  const given = Object.freeze({ ...plain, server: Object.freeze(plain.server), scope }) as Target;
  const call = () =>
    pool.run(given, async ({ opening }) => "session" in opening.scope, { context: {}, resend: "refused" });
  const first = await call();
  session = "two";
  expect([first, await call()]).toEqual([false, false]);
});
