import { expect, it } from "vitest";
import { TenantryError } from "@tenantry/core";
import { failureOf, startPool } from "../test/start-pool.ts";

it("a failure names its server, whoever it comes from, and is otherwise what it was", async () => {
  const cause = new Error("why");
  const error = new TenantryError("CREDENTIAL_FAILED", "no", { cause, delivery: "unknown" });
  const fails = () => Promise.reject(error);
  const provider = { resolve: fails };
  const { run } = startPool();
  const unopened = startPool({}, { connect: () => ({ open: fails }) });
  const seen = await Promise.all(
    [
      unopened.run(async () => {}, { provider }),
      unopened.acquire({ provider }),
      unopened.run(async () => {}),
      unopened.acquire(),
      run(fails),
    ].map(failureOf),
  );
  const { message, stack } = error;
  for (const one of seen) {
    expect(one).toBeInstanceOf(TenantryError);
    expect(one).toMatchObject({ server: "files", delivery: "unknown", message, stack, cause });
  }
  expect(error.server).toBeUndefined();
});

it("the reason of the caller's own abort is left as it is, and so is whatever is no TenantryError", async () => {
  const { run } = startPool();
  const caller = new AbortController();
  const reason = new TenantryError("TIMEOUT", "mine");
  const work = () => (caller.abort(reason), Promise.reject(reason));
  await expect(run(work, { signal: caller.signal })).rejects.toBe(reason);
  const other = new Error("odd");
  await expect(run(() => Promise.reject(other))).rejects.toBe(other);
  expect(reason.server).toBeUndefined();
});
