import type { CallToolResult } from "@tenantry/core";
import { describe, expect, it } from "vitest";
import { served } from "../../test/served.ts";
import { ask, hello } from "../../test/wire.ts";
import { text, workspaceOf } from "../../test/workspace.ts";

describe("requests under way", () => {
  it("SRV-03: leave nothing behind where they name in no text what they are about", async () => {
    const { url, gateway } = await served({
      connect: workspaceOf().connect,
      limits: { maxRequestsPerPrincipal: 1 },
    });
    // Nothing makes text of it.
    const name = { toString: null, valueOf: null };
    const client = await hello(url);
    const capabilities = { elicitation: {} };
    const answers = [
      await ask(url, "tools/call", { name }),
      await ask(url, "tools/call", { name }, { capabilities }),
      await ask(url, "resources/read", { uri: name }, { capabilities }),
      await client.request("tools/call", { name }),
    ];
    expect(answers.map(({ error }) => error?.code)).toEqual([-32_602, -32_602, -32_602, -32_602]);
    expect(gateway.stats().requests).toBe(0);
  });

  it("SRV-03: count as one principal's in however many sessions a client makes them", async () => {
    const { promise, resolve } = Promise.withResolvers<CallToolResult>();
    const { url, gateway } = await served({
      connect: workspaceOf({ tools: { wait: () => promise } }).connect,
      limits: { maxRequestsPerPrincipal: 2 },
    });
    const waiting: Promise<Response>[] = [];
    for (let at = 0; at < 2; at++) {
      const { send } = await hello(url);
      waiting.push(send({ id: 1, method: "tools/call", params: { name: "wait" } }));
      await expect.poll(() => gateway.stats().requests).toBe(at + 1);
    }
    const third = await hello(url);
    expect((await third.request("tools/list")).error?.code).toBe(-32_000);
    expect((await ask(url, "tools/list")).error?.code).toBe(-32_000);
    const other = await hello(url, { token: "acme/bob" });
    expect((await other.request("tools/list")).error).toBeUndefined();
    resolve(text("done"));
    await Promise.all(waiting);
  });
});
