import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { secret, scopeOf, sessionId, TenantryError, userId, workspaceId, type Scope } from "@tenantry/core";
import fc from "fast-check";
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
import { bearer, fromFunction, type ValueFunction, type ValueFunctionRequest } from "./index.ts";

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
      expect(thrown(() => fromFunction(() => "t", { ttlMs: timeoutMs }))).toMatchObject({
        code: "CREDENTIAL_INVALID",
      });
    }
  });

  test("is called for every request, unless it says for how long its value holds", async () => {
    let calls = 0;
    const fn = () => `t-${++calls}`;
    const [always, kept] = [bearer(fromFunction(fn)), bearer(fromFunction(fn, { ttlMs: 1_000 }))].map(
      (source) => source.bind(dependencies),
    );
    await always?.resolve(request());
    await always?.resolve(request());
    expect(calls).toBe(2);
    expect(await sent(await kept?.resolve(request()))).toEqual({ authorization: "Bearer t-3" });
    const context = {};
    await kept?.resolve(request({ context }));
    expect(kept?.resolve(request({ context }))).not.toBeInstanceOf(Promise);
    expect(calls).toBe(3);
    clock.pass(1_000);
    expect(await sent(await kept?.resolve(request()))).toEqual({ authorization: "Bearer t-4" });
  });
});

describe("fromFunction with ttlMs", () => {
  const scopes: readonly Scope[] = [
    scopeOf(ada, "user"),
    scopeOf({ ...ada, session: sessionId("s") }, "user"),
    scopeOf({ ...ada, user: userId("bob") }, "user"),
    scopeOf({ ...ada, workspace: workspaceId("other") }, "user"),
    scopeOf(ada, "workspace"),
    scopeOf(ada, "everyone"),
    { share: "discovery", workspace: ada.workspace },
  ];
  const fromToken = () =>
    bearer(
      fromFunction(({ context }) => (context["token"] as string | undefined) ?? "service", { ttlMs: 1_000 }),
    );

  test("never gives one principal what was made from another's context", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(scopes.length - 1), { minLength: 2, maxLength: 30 }),
        async (order) => {
          const provider = fromToken().bind({ ...dependencies, clock: handClock() });
          const given = await Promise.all(
            order.map(async (index) => {
              const parts = { scope: scopes[index] as Scope, context: { token: `t-${index}` } };
              return sent(await provider.resolve(request(parts)));
            }),
          );
          const expected = order.map((index) => (index < 4 ? `Bearer t-${index}` : "Bearer service"));
          expect(given.map(({ authorization }) => authorization)).toEqual(expected);
        },
      ),
    );
  });

  test("is called once for all who ask at once, and one who leaves leaves the others alone", async () => {
    let calls = 0;
    let give = (_token: string) => {};
    let aborted = false;
    const fn: ValueFunction = ({ signal }) => {
      calls++;
      signal.addEventListener("abort", () => (aborted = true));
      return new Promise((resolve) => (give = resolve));
    };
    const provider = bearer(fromFunction(fn, { ttlMs: 1_000 })).bind({ ...dependencies, clock: handClock() });
    const leaver = new AbortController();
    const left = failure(Promise.resolve(provider.resolve(request({ signal: leaver.signal }))));
    const stay = [1, 2, 3].map(() => Promise.resolve(provider.resolve(request())));
    leaver.abort("gone");
    expect(await left).toBe("gone");
    give("t");
    for (const one of stay) expect(await sent(await one)).toEqual({ authorization: "Bearer t" });
    expect([calls, aborted]).toEqual([1, false]);
  });

  test("is called anew for a refused generation, once, and a failure or nothing is not kept", async () => {
    const answers: (string | undefined | Error)[] = ["t-1", "t-2", new Error("no"), undefined, "t-3"];
    const fn = () => {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    };
    const provider = bearer(fromFunction(fn, { ttlMs: 1_000 })).bind({ ...dependencies, clock: handClock() });
    const read = async (parts = {}) => sent(await provider.resolve(request(parts)));
    const generation = (await provider.resolve(request()))?.generation ?? "";
    const refused = { rejected: { generation } };
    const given = await Promise.all([read(refused), read(refused), read(refused)]);
    given.push(await read(refused), await read());
    expect(new Set(given.map(({ authorization }) => authorization))).toEqual(new Set(["Bearer t-2"]));
    const next = { rejected: { generation: (await provider.resolve(request()))?.generation ?? "" } };
    expect(await failure(read(next))).toMatchObject({ code: "CREDENTIAL_FAILED" });
    expect(await failure(read(next))).toMatchObject({ code: "CREDENTIAL_MISSING" });
    expect(await read(next)).toEqual({ authorization: "Bearer t-3" });
  });

  test("keeps nothing beyond the instance that binds it", async () => {
    let calls = 0;
    const source = bearer(fromFunction(() => `t-${++calls}`, { ttlMs: 1_000 }));
    await resolve(source);
    await resolve(source);
    expect(calls).toBe(2);
  });
});

test("a value that was refused is not given again where the function has none in its place", async () => {
  const given: (string | undefined)[] = ["old", undefined, undefined];
  const provider = bearer(fromFunction(() => given.shift(), { ttlMs: 3_600_000 })).bind(dependencies);
  const old = await provider.resolve(request());
  const rejected = { generation: old?.generation ?? "" };
  for (const parts of [{ rejected }, {}]) {
    const again = (async () => provider.resolve(request(parts)))();
    expect(await failure(again)).toMatchObject({ code: "CREDENTIAL_MISSING" });
  }
});

test("a process stays alive for as long as somebody waits for the function, and ends with the error", async () => {
  const program = `
    import { bearer, fromFunction } from ${JSON.stringify(new URL("./index.ts", import.meta.url).href)};
    import { systemClock } from "@tenantry/core";
    const source = bearer(fromFunction(() => new Promise(() => {}), { timeoutMs: 50 }));
    const provider = source.bind({ fetch, clock: systemClock, fingerprint: (text) => text });
    const scope = { share: "user", workspace: "w", user: "u" };
    const server = { id: "s", digest: "d", origin: "https://x.example" };
    await (async () => provider.resolve({ scope, server, context: {} }))().catch((error) => console.log(error.cause.code));`;
  const child = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
    cwd: import.meta.dirname,
  });
  expect(child.stdout.trim()).toBe("TIMEOUT");
});
