import { describe, expect, it } from "vitest";
import { TenantryError, type ErrorCode, type ErrorDetails, type ServerId } from "@tenantry/core";
import { credentialOf, fakeProvider, settle } from "../test/fake-connector.ts";
import { failureOf, startPool, type StartedPool, type Wanted } from "../test/start-pool.ts";

/** What another server has answered, for which a host gives up its calls here too. */
function wordOf(code: ErrorCode, details: ErrorDetails): TenantryError {
  return new TenantryError(code, "Another server said so.", { ...details, server: "other" as ServerId });
}

/** Gives up one call, in the middle of its work, for that reason; gives what its caller hears. */
async function giveUp({ run }: StartedPool, reason: unknown, wanted: Wanted = {}): Promise<unknown> {
  const caller = new AbortController();
  const { signal } = caller;
  const hangs = () =>
    new Promise<never>((_, reject) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as a connection does
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  const heard = failureOf(run(hangs, { ...wanted, signal }));
  await settle();
  caller.abort(reason);
  return heard;
}

describe("a call that is given up for what another server said", () => {
  it("asks for no other credential, and leaves the server's word about this one to the server", async () => {
    const started = startPool();
    const provider = fakeProvider(credentialOf("ada", "1"));
    const reason = wordOf("UNAUTHORIZED", { delivery: "refused", recover: "reauthorize", status: 401 });
    for (let time = 0; time < 6; time++) expect(await giveUp(started, reason, { provider })).toBe(reason);
    expect(provider.requests.filter(({ rejected }) => rejected !== undefined)).toEqual([]);
    expect(await started.run(async () => "ran", { provider })).toBe("ran");
  });

  it("says nothing of the way to the server", async () => {
    const started = startPool({ breakerThreshold: 1 });
    await giveUp(started, wordOf("CONNECT_FAILED", { retryable: true, retryAfterMs: 1_000 }));
    expect(await started.run(async () => "ran")).toBe("ran");
  });

  it("takes nobody's connection away", async () => {
    const started = startPool();
    const scope = { share: "everyone" } as const;
    await giveUp(started, wordOf("SESSION_LOST", { delivery: "refused", recover: "reconnect" }), { scope });
    await started.run(async () => "ran", { scope });
    expect(started.fake.connections).toHaveLength(1);
  });

  it("asks for no other credential while it waits for its connection", async () => {
    const { run, fake } = startPool({}, { automatic: false });
    const provider = fakeProvider(credentialOf("ada", "1"));
    const reason = wordOf("UNAUTHORIZED", { delivery: "refused", recover: "reauthorize" });
    const caller = new AbortController();
    const heard = failureOf(run(async () => "ran", { provider, signal: caller.signal }));
    await settle();
    expect(fake.openings).toHaveLength(1);
    caller.abort(reason);
    expect(await heard).toBe(reason);
    expect(provider.requests).toHaveLength(1);
  });
});
