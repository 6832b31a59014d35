import { describe, expect, test } from "vitest";
import { dependencies, failure, handClock, request, resolve, sent, thrown } from "../test/fixture.ts";
import { bearer, chain, fromContext, fromFunction, fromStatic, type ValueSource } from "./index.ts";

const sealed = new Error("vault is sealed");
const failing = fromFunction(() => Promise.reject(sealed));
const untouched = fromFunction(() => {
  throw new Error("The chain asked a source after one that had given a value.");
});

function through(source: ValueSource) {
  return { source, onFailure: "fall-through" } as const;
}

describe("chain", () => {
  test("takes the user's own value before the service's", async () => {
    const source = bearer(chain([fromContext("token"), fromStatic("service")]));
    expect(await sent(await resolve(source, { context: { token: "t-ada" } }))).toEqual({
      authorization: "Bearer t-ada",
    });
    expect(await sent(await resolve(source))).toEqual({ authorization: "Bearer service" });
  });

  test("asks no source after the first that has a value", async () => {
    expect(await sent(await resolve(bearer(chain([fromStatic("t"), untouched]))))).toEqual({
      authorization: "Bearer t",
    });
  });

  test("takes blank text and anything but text for no value", async () => {
    const odd = fromFunction(() => 7 as never);
    const source = bearer(chain([fromStatic(" "), odd, fromStatic("t")]));
    expect(await sent(await resolve(source))).toEqual({ authorization: "Bearer t" });
  });

  test("has the same subject whichever source gave the value", async () => {
    const source = bearer(chain([fromContext("token"), fromStatic("same")]));
    const own = await resolve(source, { context: { token: "same" } });
    expect(own?.subject).toBe((await resolve(source))?.subject);
  });

  test("fails with a source that fails, by default and where its link says so", async () => {
    for (const first of [failing, { source: failing, onFailure: "fail" } as const]) {
      const error = await failure(resolve(bearer(chain([first, untouched]))));
      expect(error).toMatchObject({ code: "CREDENTIAL_FAILED", cause: sealed });
    }
  });

  test("asks the next source after a failure that may fall through", async () => {
    const source = bearer(chain([through(failing), fromStatic("t")]));
    expect(await sent(await resolve(source))).toEqual({ authorization: "Bearer t" });
  });

  test("asks the next source after one that hangs, where its failure may fall through", async () => {
    const clock = handClock();
    const hang = fromFunction(() => new Promise<string>(() => {}), { timeoutMs: 50 });
    const source = bearer(chain([through(hang), fromStatic("t")]));
    const resolving = source.bind({ ...dependencies, clock }).resolve(request());
    await Promise.resolve();
    clock.pass(50);
    expect(await sent(await resolving)).toEqual({ authorization: "Bearer t" });
  });

  test("does not make a failure into a missing value, even of an optional credential", async () => {
    const source = bearer(chain([through(failing), fromContext("token")]), { required: false });
    expect(await failure(resolve(source))).toMatchObject({ code: "CREDENTIAL_FAILED", cause: sealed });
    const both = bearer(chain([through(failing), through(failing)]));
    expect(await failure(resolve(both))).toMatchObject({
      code: "CREDENTIAL_FAILED",
      cause: expect.objectContaining({ errors: [sealed, sealed] }) as AggregateError,
    });
  });

  test("ends with the caller's abort, which falls through to nothing", async () => {
    const caller = new AbortController();
    const hang = fromFunction(() => new Promise<string>(() => {}));
    let next = 0;
    const source = chain([through(hang), through(fromFunction(() => (next++, "t")))]);
    const resolving = failure(resolve(bearer(source), { signal: caller.signal }));
    caller.abort("gone");
    expect(await resolving).toBe("gone");
    await new Promise(setImmediate);
    expect(next).toBe(0);
  });

  test("says every way to provide the value", async () => {
    const source = bearer(chain([fromContext("token"), fromFunction(() => undefined)]));
    expect(await failure(resolve(source))).toMatchObject({
      code: "CREDENTIAL_MISSING",
      message: expect.stringContaining(
        'provide "token" in the context of the asking user, or a value from the function in fromFunction().',
      ) as string,
    });
  });

  test("can hold a chain", async () => {
    const inner = chain([fromContext("a"), fromContext("b")]);
    const source = bearer(chain([inner, fromContext("c")]));
    expect(await sent(await resolve(source, { context: { c: "t" } }))).toEqual({ authorization: "Bearer t" });
  });

  test("refuses no sources, what is no source, and a policy that there is not, without showing a value", () => {
    for (const links of [[], ["s3cret"], [{ source: "s3cret", onFailure: "fail" }], [null]]) {
      const error = thrown(() => chain(links as never));
      expect(error).toMatchObject({ code: "CREDENTIAL_INVALID" });
      expect(String(error)).not.toContain("s3cret");
    }
    const odd = { source: fromStatic("t"), onFailure: "ignore" as never };
    expect(thrown(() => chain([odd]))).toMatchObject({ code: "CREDENTIAL_INVALID" });
  });

  test("does not change with the list that it was made of", async () => {
    const list = [fromStatic("t")];
    const source = bearer(chain(list));
    list.unshift(untouched);
    expect(await sent(await resolve(source))).toEqual({ authorization: "Bearer t" });
    expect(() => chain(Object.freeze([Object.freeze(through(failing))]))).not.toThrow();
  });
});
