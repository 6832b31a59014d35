import { expect, it } from "vitest";
import type { Principal, Scope } from "@tenantry/core";
import { gate, settle } from "../test/fake-connector.ts";
import { codeOf, startPool } from "../test/start-pool.ts";

const acme = { share: "workspace", workspace: "acme" } as Scope;
const everyone: Scope = { share: "everyone" };
const as = (user: string, session?: string) =>
  ({ workspace: "acme", user, ...(session !== undefined && { session }) }) as Principal;

it.each([acme, everyone])(
  "a revoked user's calls that wait for their turn on a shared connection end, and nobody else's: %j",
  async (scope) => {
    const { run, pool } = startPool({ maxCallsPerConnection: 1 });
    const working = gate();
    const ran: string[] = [];
    const call = (user: string, session?: string) =>
      codeOf(
        run(
          async () => {
            ran.push(user);
            await working.promise;
          },
          { scope, principal: as(user, session) },
        ).then(() => Promise.reject(new Error("answered"))),
      );
    const first = call("mallory");
    await settle();
    const waiting = call("mallory");
    const bob = call("bob");
    await settle();
    await pool.revoke({ workspace: "acme", user: "mallory" });
    expect(await waiting).toBe("CONNECTION_LOST");
    // Asked for afterwards: it is for the host to refuse whoever has no access any more.
    const later = call("mallory");
    working.resolve();
    expect(await Promise.all([first, bob, later])).toMatchObject(Array(3).fill({ message: "answered" }));
    expect(ran).toEqual(["mallory", "bob", "mallory"]);
  },
);

it("a revoked user who waits for a shared connection to open is not served by it", async () => {
  const { run, pool, fake } = startPool({}, { automatic: false });
  const call = (user: string) => run(async () => user, { scope: acme, principal: as(user) });
  const [mallory, bob] = [codeOf(call("mallory")), call("bob")];
  await settle();
  await pool.revoke({ workspace: "acme", user: "mallory" });
  fake.openings[0]?.arrive();
  expect([await mallory, await bob]).toEqual(["CONNECTION_LOST", "bob"]);
});

it.each([
  [{ workspace: "acme", user: "ada", session: "s1" }, [true, false, false]],
  [{ workspace: "acme", user: "ada", server: "files" }, [true, true, false]],
  [{ workspace: "acme", user: "ada", server: "mail" }, [false, false, false]],
  [{ workspace: "acme", user: "ada", subject: "own" }, [false, false, false]],
  [{ workspace: "globex", user: "ada" }, [false, false, false]],
])("ends what %j selects among those who wait", async (selection, ends) => {
  const { run, pool } = startPool({ maxCallsPerConnection: 1 });
  const working = gate();
  void run(() => working.promise, { scope: everyone, principal: as("eve") });
  await settle();
  const calls = [as("ada", "s1"), as("ada"), as("bob")].map((principal) =>
    run(async () => false, { scope: everyone, principal }).catch(() => true),
  );
  await settle();
  await pool.revoke(selection);
  working.resolve();
  expect(await Promise.all(calls)).toEqual(ends);
});
