import { TenantryError, type Delivery, type ErrorCode } from "@tenantry/core";
import { describe, expect, it } from "vitest";
import { isAnswered, surelyNotRun, upstreamFailure } from "./failure.ts";

const error = (code: ErrorCode, facts: { status?: number; delivery?: Delivery } = {}) =>
  new TenantryError(code, "It failed.", facts);
const read = (failure: unknown, began = true, signal?: AbortSignal) =>
  upstreamFailure({ failure, began, signal });

describe("an upstream's failure", () => {
  it.each<[unknown, ErrorCode | undefined]>([
    [error("CONNECT_FAILED"), "CONNECT_FAILED"],
    [error("SPAWN_FAILED"), "SPAWN_FAILED"],
    [error("CONNECTION_LOST"), "CONNECTION_LOST"],
    [error("DELIVERY_UNKNOWN"), "DELIVERY_UNKNOWN"],
    [error("SERVER_UNAVAILABLE", { status: 503 }), "SERVER_UNAVAILABLE"],
    [error("SERVER_UNAVAILABLE"), "SERVER_UNAVAILABLE"],
    // One user's, or a tool's.
    [error("SERVER_UNAVAILABLE", { status: 429 }), undefined],
    [error("UNAUTHORIZED", { status: 401 }), undefined],
    [error("AUTHORIZATION_REQUIRED"), undefined],
    [error("CREDENTIAL_MISSING"), undefined],
    [error("SERVER_ERROR"), undefined],
    [error("TIMEOUT"), undefined],
    [error("POOL_EXHAUSTED"), undefined],
    [new Error("a bug"), undefined],
    [undefined, undefined],
  ])("%o is %s", (failure, code) => expect(read(failure)).toBe(code));

  it("is a time that ran out before there was a connection, and no caller's abort", () => {
    expect(read(error("TIMEOUT"), false)).toBe("TIMEOUT");
    const reason = error("CONNECT_FAILED");
    expect(read(reason, true, AbortSignal.abort(reason))).toBeUndefined();
    expect(read(reason, true, AbortSignal.abort(new Error("other")))).toBe("CONNECT_FAILED");
  });
});

it.each<[Delivery, boolean, boolean]>([
  ["unsent", false, true],
  ["refused", false, true],
  ["unknown", false, false],
  ["answered", true, false],
])("what is %s", (delivery, answered, notRun) => {
  const failure = error("CONNECT_FAILED", { delivery });
  expect([isAnswered(failure), surelyNotRun(failure)]).toEqual([answered, notRun]);
  expect([isAnswered(new Error()), surelyNotRun(new Error())]).toEqual([false, false]);
});
