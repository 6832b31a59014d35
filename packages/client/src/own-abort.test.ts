import { TenantryError, type ErrorCode, type ErrorDetails } from "@tenantry/core";
import { manualClock } from "@tenantry/testing";
import { expect, test as it } from "vitest";
import { failureOf, json, legacy, open, result, scripted } from "../test/scripted-server.ts";

/** What another server has answered, for which a host gives up its requests here too. */
const words: [ErrorCode, ErrorDetails][] = [
  ["SESSION_LOST", { delivery: "refused", recover: "reconnect" }],
  ["SERVER_ERROR", { delivery: "answered", status: 400 }],
  ["SERVER_ERROR", { delivery: "answered", rpc: { code: -32_601, message: "Method not found" } }],
  [
    "SERVER_ERROR",
    {
      delivery: "answered",
      rpc: { code: -32_022, message: "Unsupported", data: { supported: ["2026-07-28"] } },
    },
  ],
];

it.for(["legacy", "modern"] as const)(
  "takes the reason of a caller's abort for nothing that the server said (%s)",
  async (era) => {
    const answers = { resultType: "complete", content: [], tools: [] };
    const hangs = ({ name }: { name?: unknown }) => name === "hang";
    const handler = legacy((message, response) => {
      if (message.method !== "prompts/list" && !hangs((message.params ?? {}) as object))
        json(response, result(message.id, answers));
    });
    const { url, seen } = await scripted(handler);
    const connection = await open(url, era);
    for (const [code, details] of words)
      for (const method of ["tools/call", "prompts/list"] as const) {
        const reason = new TenantryError(code, "Another server said so.", details);
        const caller = new AbortController();
        const params = method === "tools/call" ? { name: "hang" } : {};
        const before = seen.length;
        const failing = failureOf(
          connection.request(method, params as never, { signal: caller.signal }) as Promise<unknown>,
        );
        await expect.poll(() => seen.length).toBeGreaterThan(before);
        caller.abort(reason);
        expect(await failing).toBe(reason);
        expect(await connection.request("tools/call", { name: "tool" })).toMatchObject({ content: [] });
      }
  },
);

it("waits as long as the signal lets it where the time has no bound", async () => {
  const handler = legacy((message, response) => {
    if (message.method !== "tools/call") json(response, result(message.id, {}));
  });
  const { url, seen } = await scripted(handler);
  const clock = manualClock();
  const connection = await open(url, "legacy", { clock });
  const caller = new AbortController();
  const before = clock.pending;
  const call = { signal: caller.signal, timeoutMs: Infinity };
  const asked = connection.request("tools/call", { name: "tool" }, call);
  await expect.poll(() => seen.some(({ message }) => message.method === "tools/call")).toBe(true);
  expect(clock.pending).toBe(before);
  const reason = new Error("enough");
  caller.abort(reason);
  await expect(asked).rejects.toBe(reason);
});
