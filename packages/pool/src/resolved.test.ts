import { describe, expect, it } from "vitest";
import type { Credential, CredentialProvider } from "@tenantry/core";
import { credentialOf } from "../test/fake-connector.ts";
import { codeOf, startPool } from "../test/start-pool.ts";

describe("a credential", () => {
  it.each([
    ["no subject", { generation: "1", origins: [] }],
    ["no generation", { subject: "ada", origins: [] }],
    ["a number for its generation", { subject: "ada", generation: 1, origins: [] }],
  ])("with %s is refused, at once or later", async (_, credential) => {
    const { run, fake } = startPool();
    const given = credential as unknown as Credential;
    for (const resolve of [() => given, async () => given])
      expect(await codeOf(run(async () => "ran", { provider: { resolve } }))).toBe("CREDENTIAL_INVALID");
    expect(fake.openings).toEqual([]);
  });

  it("that is kept up to date in place is known by what it was", async () => {
    const { run, pool, fake } = startPool();
    const kept = credentialOf("grant-1", "1") as { -readonly [K in keyof Credential]: Credential[K] };
    const provider: CredentialProvider = { resolve: () => kept };
    await run(async () => "ran", { provider });
    kept.subject = "grant-2";
    await pool.revoke({ subject: "grant-1" });
    expect(fake.connections[0]?.ended).toBe(true);
  });

  it("that is renewed in place is adopted", async () => {
    const { run, fake } = startPool();
    const kept = credentialOf("ada", "1") as { -readonly [K in keyof Credential]: Credential[K] };
    const provider: CredentialProvider = { resolve: () => kept };
    await run(async () => "ran", { provider });
    kept.generation = "2";
    await run(async () => "ran", { provider });
    expect(fake.connections.map(({ generations }) => generations)).toEqual([["1", "2"]]);
  });

  it("of a parked session is known by what it was", async () => {
    const { run, pool, fake, clock } = startPool({ idleTimeoutMs: 10 }, { parks: true });
    const kept = credentialOf("grant-1", "1") as { -readonly [K in keyof Credential]: Credential[K] };
    await run(async () => "ran", { provider: { resolve: () => kept } });
    clock.step(20);
    expect(pool.stats().byState.parked).toBe(1);
    kept.subject = "grant-2";
    await pool.revoke({ subject: "grant-1" });
    expect(pool.stats().byState.parked).toBe(0);
    expect(fake.connections).toHaveLength(2);
  });
});
