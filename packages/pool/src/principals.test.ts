import { describe, expect, it } from "vitest";
import { principalOf, type Principal, type Scope, type WorkspaceId } from "@tenantry/core";
import { gate, settle, userScope } from "../test/fake-connector.ts";
import { codeOf, startPool } from "../test/start-pool.ts";

const scope: Scope = { share: "workspace", workspace: "acme" as WorkspaceId };

describe("who asks", () => {
  it.each([
    ["has no user", { workspace: "acme", user: null }],
    ["is empty", {}],
    ["is null", null],
    ["is a text", "ada"],
    ["is of another workspace", { workspace: "evil", user: "ada" }],
    ["has a malformed session", { workspace: "acme", user: "ada", session: 7 }],
  ])("is refused where it %s, before anything is borrowed", async (_, principal) => {
    const { run, fake, pool } = startPool({ maxConnections: 1 });
    const refused = run(async () => "ran", { scope, principal: principal as unknown as Principal });
    expect(await codeOf(refused)).toBe("PRINCIPAL_INVALID");
    expect(fake.openings).toEqual([]);
    expect(pool.stats()).toMatchObject({ leases: 0, connections: 0 });
  });

  it("is the scope's own user where the scope has one", async () => {
    const { run, fake } = startPool();
    const by = (user: string) => ({
      scope: userScope("ada"),
      principal: principalOf({ workspace: "acme", user }),
    });
    expect(await codeOf(run(async () => "ran", by("bob")))).toBe("PRINCIPAL_INVALID");
    expect(fake.openings).toEqual([]);
    expect(await run(async () => "ran", by("ada"))).toBe("ran");
  });

  it("is looked at again where it can change", async () => {
    const { run } = startPool();
    const principal = { workspace: "acme", user: "ada" };
    const call = () => run(async () => "ran", { scope, principal: principal as Principal });
    expect(await call()).toBe("ran");
    principal.workspace = "evil";
    expect(await codeOf(call())).toBe("PRINCIPAL_INVALID");
  });

  it("is one user of one workspace, whatever else it says", async () => {
    const { run } = startPool({ maxCallsPerConnection: 4, maxSharedCallsPerUser: 1 });
    const { promise, resolve } = gate();
    let begun = 0;
    const call = (user: string) => {
      const principal = Object.freeze({ workspace: "acme", user, share: "everyone" }) as unknown as Principal;
      const work = () => {
        begun++;
        return promise;
      };
      return run(work, { scope, principal });
    };
    const calls = ["ada", "bob", "bob"].map(call);
    await settle();
    expect(begun).toBe(2);
    resolve();
    await Promise.all(calls);
  });

  it("may be anybody on a connection that everyone shares", async () => {
    const { run } = startPool();
    const principal = principalOf({ workspace: "globex", user: "bob" });
    expect(await run(async () => "ran", { scope: { share: "everyone" }, principal })).toBe("ran");
  });
});
