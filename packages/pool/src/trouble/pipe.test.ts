import { expect, it } from "vitest";
import { TenantryError } from "@tenantry/core";
import { fakeConnector, settle, targetOf, userScope } from "../../test/fake-connector.ts";
import { stepClock } from "../../test/step-clock.ts";
import { createPool } from "../index.ts";

it("a hosted server that does not start is left alone by its principal in every conversation, and by nobody else", async () => {
  const fake = fakeConnector({ automatic: false });
  const pool = createPool({
    connector: fake.connector,
    clock: stepClock(),
    random: () => 0.99,
  });
  const call = async (user: string, session: string, server = "files") => {
    const target = targetOf(fake.upstreamOf(server), userScope(user, "acme", session), server);
    const outcome = pool.acquire(target, { context: {} }).then(
      (lease) => (lease.release(), "served"),
      (failure: TenantryError) => failure.code,
    );
    await settle();
    const opening = fake.openings.find(({ settled }) => !settled);
    if (user === "ada" && server === "files")
      opening?.fail(new TenantryError("SPAWN_FAILED", "It is not there."));
    else opening?.arrive();
    return outcome;
  };
  for (let turn = 0; turn < 5; turn++) expect(await call("ada", `s${turn}`)).toBe("SPAWN_FAILED");
  expect(await call("ada", "another")).toBe("SERVER_UNAVAILABLE");
  expect(await call("ada", "another", "mail")).toBe("served");
  expect(await call("bob", "s1")).toBe("served");
  await pool.close();
});
