import { describe, expect, test } from "vitest";
import { disposeAll } from "./index.ts";

describe("disposeAll", () => {
  test("disposes of the newest first, and waits for each before the next", async () => {
    const log: string[] = [];
    const slow = (name: string): AsyncDisposable => ({
      async [Symbol.asyncDispose]() {
        log.push(`${name} closes`);
        await new Promise(setImmediate);
        log.push(`${name} closed`);
      },
    });
    const quick: Disposable = { [Symbol.dispose]: () => void log.push("quick") };
    const owned = Object.freeze([slow("first"), quick, slow("last")]);
    await disposeAll(owned);
    expect(log).toEqual(["last closes", "last closed", "quick", "first closes", "first closed"]);
    await disposeAll([]);
  });

  test("goes on after a failure, and throws the one or all of them", async () => {
    const [one, two] = [new Error("one"), new Error("two")];
    let disposed = 0;
    const good = { [Symbol.dispose]: () => void disposed++ };
    const bad = { [Symbol.asyncDispose]: () => Promise.reject(one) };
    const worse = {
      [Symbol.dispose]() {
        throw two;
      },
    };
    await expect(disposeAll([good, bad, good])).rejects.toBe(one);
    await expect(disposeAll([good, bad, worse])).rejects.toMatchObject({ errors: [two, one] });
    expect(disposed).toBe(3);
  });
});
