import { describe, expect, it } from "vitest";
import { toolServer } from "../test/memory-pool.ts";
import { workspace } from "../test/workspace.ts";

describe("the options of a request", () => {
  const { as, router, pool } = workspace({ docs: toolServer(["a"]) });
  const ada = as("ada");
  const requests: readonly [string, (options: never) => Promise<unknown>][] = [
    ["callTool", (options) => ada.callTool("docs__a", {}, options)],
    ["listTools", (options) => ada.listTools(options)],
    ["servers", (options) => ada.servers(options)],
    ["discovery", (options) => router.discovery().listTools(options)],
  ];

  describe.each(requests)("of %s", (_, request) => {
    it.each<[unknown, RegExp]>([
      [null, /options of a request are no object/u],
      [5, /options of a request are no object/u],
      [[], /options of a request are no object/u],
      [{ signal: new AbortController() }, /give controller\.signal/u],
      [{ signal: 5 }, /no AbortSignal/u],
      [{ signal: null }, /or leave it out/u],
      [{ signal: { aborted: false } }, /no AbortSignal/u],
      [{ timeoutMs: null }, /timeoutMs must be a number/u],
      [{ timeoutMs: 0 }, /timeoutMs must be a number/u],
      [{ onProgress: {} }, /onProgress is no function/u],
      [{ onDeviation: 5 }, /onDeviation is no function/u],
      [{ handlers: 5 }, /handlers is no object/u],
      [{ handlers: { onRoots: [] } }, /handlers\.onRoots is no function/u],
    ])("refuse %o and say what to give", async (options, message) => {
      await expect(request(options as never)).rejects.toMatchObject({
        code: "ARGUMENT_INVALID",
        message: expect.stringMatching(message) as string,
      });
      expect(pool.received).toEqual([]);
    });
  });

  it("may be undefined, each of them and all", async () => {
    await ada.callTool("docs__a", undefined, undefined);
    const options = { signal: undefined, timeoutMs: undefined };
    await ada.callTool("docs__a", {}, { ...options, onProgress: undefined, idempotent: undefined });
    expect((await ada.listTools(options)).tools).toHaveLength(1);
  });
});
