import { secret, scopeOf, TenantryError } from "@tenantry/core";
import { describe, expect, test } from "vitest";
import {
  ada,
  clock,
  dependencies,
  failure,
  handClock,
  remote,
  request,
  resolve,
  sent,
  thrown,
} from "../test/fixture.ts";
import { bearer, fromFunction, type ValueFunctionRequest } from "./index.ts";

describe("fromFunction", () => {
  test("gives what the function gives, whichever way it gives it", async () => {
    for (const give of [() => "t", () => secret("t"), async () => "t", async () => secret("t")]) {
      expect(await sent(await resolve(bearer(fromFunction(give))))).toEqual({ authorization: "Bearer t" });
    }
  });

  test("tells the function who asks, for what, and what was refused", async () => {
    const asked: ValueFunctionRequest[] = [];
    const source = bearer(fromFunction((each) => (asked.push(each), "t")));
    const context = Object.freeze({ session: "s" });
    const rejected = {
      generation: "g",
      challenge: { scheme: "bearer", parameters: { error: "invalid_token" } },
    };
    await resolve(source, { context });
    await resolve(source, { context, rejected });
    const facts = {
      scope: scopeOf(ada, "user"),
      server: remote,
      context,
      signal: expect.any(AbortSignal) as AbortSignal,
    };
    expect(asked).toEqual([facts, { ...facts, rejected }]);
  });

  test("can give a fresh value for a refused one, which is a new subject and generation", async () => {
    const source = bearer(fromFunction(({ rejected }) => (rejected === undefined ? "old" : "new")));
    const old = await resolve(source);
    const fresh = await resolve(source, { rejected: { generation: old?.generation ?? "" } });
    expect(await sent(fresh)).toEqual({ authorization: "Bearer new" });
    expect(fresh?.generation).not.toBe(old?.generation);
  });

  test("hides the user's context from the function where users share the connection", async () => {
    const source = bearer(fromFunction(({ context }) => (context["token"] as string) ?? "service"));
    const shared = await resolve(source, { scope: { share: "everyone" }, context: { token: "t-ada" } });
    expect(await sent(shared)).toEqual({ authorization: "Bearer service" });
  });

  test.for([
    () => {
      throw new Error("vault is sealed");
    },
    () => Promise.reject(new Error("vault is sealed")),
  ])("fails with the function's error as its cause", async (fn) => {
    const error = await failure(resolve(bearer(fromFunction(fn))));
    expect(error).toBeInstanceOf(TenantryError);
    expect(error).toMatchObject({
      code: "CREDENTIAL_FAILED",
      server: "github",
      slot: "authorization",
      retryable: false,
      cause: expect.objectContaining({ message: "vault is sealed" }) as Error,
    });
    expect((error as Error).message).not.toContain("vault");
  });

  test("passes on that a failure is worth another try", async () => {
    const cause = new TenantryError("SERVER_UNAVAILABLE", "The vault rests.", {
      retryable: true,
      retryAfterMs: 50,
    });
    const error = await failure(resolve(bearer(fromFunction(() => Promise.reject(cause)))));
    expect(error).toMatchObject({ code: "CREDENTIAL_FAILED", retryable: true, retryAfterMs: 50, cause });
  });

  test("ends a function that hangs, after 30 seconds or as told, and aborts its signal", async () => {
    for (const [options, timeoutMs] of [[{}, 30_000] as const, [{ timeoutMs: 70 }, 70] as const]) {
      const own = handClock();
      let signal: AbortSignal | undefined;
      const hang = fromFunction((asked) => ((signal = asked.signal), new Promise<string>(() => {})), options);
      const provider = bearer(hang).bind({ ...dependencies, clock: own });
      const resolving = failure(Promise.resolve(provider.resolve(request())));
      await Promise.resolve();
      own.pass(timeoutMs - 1);
      expect(signal?.aborted).toBe(false);
      own.pass(1);
      expect(await resolving).toMatchObject({
        code: "CREDENTIAL_FAILED",
        retryable: true,
        cause: expect.objectContaining({ code: "TIMEOUT" }) as TenantryError,
      });
      expect(signal?.aborted).toBe(true);
    }
  });

  test("leaves no timer when it is done, well or badly", async () => {
    await resolve(bearer(fromFunction(() => "t")));
    await failure(resolve(bearer(fromFunction(() => Promise.reject(new Error("no"))))));
    expect(clock.waiting).toBe(0);
  });

  test("passes the caller's abort through, untouched, and to the function", async () => {
    const caller = new AbortController();
    const reason = new Error("the person left");
    let seen: unknown;
    const hang = fromFunction(({ signal }) => {
      signal.addEventListener("abort", () => (seen = signal.reason));
      return new Promise<string>(() => {});
    });
    const resolving = failure(resolve(bearer(hang), { signal: caller.signal }));
    caller.abort(reason);
    expect(await resolving).toBe(reason);
    expect(seen).toBe(reason);
    expect(clock.waiting).toBe(0);
  });

  test("throws the caller's reason even where the function fails because of the abort", async () => {
    const caller = new AbortController();
    const reason = new Error("the person left");
    const fn = fromFunction(() => {
      caller.abort(reason);
      throw new Error("interrupted");
    });
    expect(await failure(resolve(bearer(fn), { signal: caller.signal }))).toBe(reason);
  });

  test("is not called for a request that is already aborted", async () => {
    let calls = 0;
    const source = bearer(fromFunction(() => (calls++, "t")));
    expect(await failure(resolve(source, { signal: AbortSignal.abort("gone") }))).toBe("gone");
    expect(calls).toBe(0);
  });

  test("refuses anything but a function and a whole number of milliseconds", () => {
    expect(thrown(() => fromFunction("s3cret" as never))).toMatchObject({ code: "CREDENTIAL_INVALID" });
    for (const timeoutMs of [0, -1, 1.5, Number.NaN, Infinity, 2 ** 31, "5" as never]) {
      expect(thrown(() => fromFunction(() => "t", { timeoutMs }))).toMatchObject({
        code: "CREDENTIAL_INVALID",
      });
    }
  });
});
