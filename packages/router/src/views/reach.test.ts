import { describe, expect, it } from "vitest";
import { never, toolServer } from "../../test/memory-pool.ts";
import { workspace } from "../../test/workspace.ts";

const handlers = { onElicitation: () => Promise.resolve({ action: "decline" as const }) };

describe("a request that brings handlers", () => {
  it("reaches its server by a way of its own, the same one each time", async () => {
    const made = workspace({ docs: toolServer(["read"]) });
    const ada = made.as("ada");
    const ways = [];
    for (const options of [{}, { handlers }, {}, { handlers }]) {
      await ada.callTool("docs__read", {}, options);
      ways.push(made.pool.targets.at(-1));
    }
    expect(ways.map((way) => Object.keys(way?.handlers ?? {}))).toEqual([
      [],
      ["onElicitation"],
      [],
      ["onElicitation"],
    ]);
    expect([ways[2], ways[3]]).toEqual([ways[0], ways[1]]);
    expect(new Set(ways).size).toBe(2);
    const answered = made.pool.received.filter(({ method }) => method === "tools/call");
    expect(answered.map(({ options }) => options.handlers)).toEqual([
      undefined,
      handlers,
      undefined,
      handlers,
    ]);
  });

  it("has a server that others share told of none", async () => {
    const made = workspace({ docs: { ...toolServer(["read"]), routed: { share: "workspace" } } });
    await made.as("ada").callTool({ server: "docs", tool: "read" }, {}, { handlers });
    expect(made.pool.targets.map(({ handlers: told }) => told)).toEqual([undefined]);
  });
});

describe("a call that does not say how long it may take", () => {
  it("may take as long as the slowest of the servers that may be meant", async () => {
    const servers = Object.fromEntries(
      [50, 500].map((timeoutMs) => [
        `within${timeoutMs}`,
        { ...toolServer(["read"]), open: never<void>, routed: { timeoutMs } },
      ]),
    );
    const { as, clock } = workspace(servers, {}, { names: "plain" });
    const call = as("ada").callTool("read");
    clock.advance(499);
    const first = await Promise.race([call, new Promise((resolve) => setImmediate(resolve, "waits"))]);
    expect(first).toBe("waits");
    clock.advance(1);
    await expect(call).rejects.toThrow("longer than 500 ms");
  });
});
