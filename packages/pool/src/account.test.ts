import { describe, expect, it } from "vitest";
import { principalOf, TenantryError, type Scope, type WorkspaceId } from "@tenantry/core";
import { gate, settle } from "../test/fake-connector.ts";
import { codeOf, failureOf, startPool } from "../test/start-pool.ts";

const scope: Scope = { share: "workspace", workspace: "acme" as WorkspaceId };
const by = (user: string) => ({ scope, principal: principalOf({ workspace: "acme", user }) });

describe("users who share a connection", () => {
  const refuses = (details: object) => async () => {
    throw new TenantryError("SERVER_UNAVAILABLE", "no", { delivery: "unknown", ...details });
  };

  it.each([
    ["a Retry-After", 1, { status: 429, retryAfterMs: 1_000 }],
    ["failures in a row", 5, { status: 503 }],
  ])("are not held back by %s of another, and hear nothing of it", async (_, times, details) => {
    const { run } = startPool();
    for (let time = 0; time < times; time++) await failureOf(run(refuses(details), by("mallory")));
    const held = await failureOf(run(async () => "ran", by("mallory")));
    expect(held).toMatchObject({ code: "SERVER_UNAVAILABLE", delivery: "unsent" });
    expect(await run(async () => "ran", by("bob"))).toBe("ran");
  });

  it("count towards their own caps", async () => {
    const { run, pool } = startPool({ maxCallsPerUser: 1 });
    const { promise, resolve } = gate();
    const calls = ["mallory", "mallory", "bob"].map((user) => run(() => promise, by(user)));
    await settle();
    expect(pool.stats()).toMatchObject({ leases: 3 });
    let began = 0;
    const counted = ["bob", "eve"].map((user) => run(async () => void began++, by(user)));
    await settle();
    expect(began).toBe(1);
    resolve();
    await Promise.all([...calls, ...counted]);
  });

  it.each([
    [{}],
    [{ workspace: "acme" }],
    [{ workspace: null, user: "ada" }],
    [{ workspace: "acme", user: 7 }],
    [{ workspace: "acme", user: "" }],
  ])("are somebody, or are refused before anything is opened or lent: %j", async (principal) => {
    const { run, pool, fake } = startPool();
    const asked = { scope, principal: principal as never };
    expect(await codeOf(run(async () => "ran", asked))).toBe("PRINCIPAL_INVALID");
    expect(fake.openings).toHaveLength(0);
    await run(async () => "ran", { scope });
    expect(await codeOf(run(async () => "ran", asked))).toBe("PRINCIPAL_INVALID");
    expect(pool.stats().leases).toBe(0);
  });
});
