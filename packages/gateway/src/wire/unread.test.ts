import { manualClock } from "@tenantry/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { callerOf, served } from "../../test/served.ts";
import { ask, lastOf, modern, post } from "../../test/wire.ts";
import { text, workspaceOf } from "../../test/workspace.ts";
import { createGateway, type GatewayLimits } from "../index.ts";

const large = "ä".repeat(500_000);
const workspace = workspaceOf({
  tools: {
    small: () => text("small"),
    large: (_, { onProgress }) => (onProgress?.({ progress: 1 }), text(large)),
  },
});

/** A gateway without a server before it, so that nothing is read but what the test reads. */
function bare(limits: Partial<GatewayLimits> = {}, { connect } = workspace) {
  const clock = manualClock();
  const gateway = createGateway({ hosts: ["127.0.0.1"], authenticate: callerOf, connect, limits, clock });
  onTestFinished(() => gateway.close());
  const send = (body: object, headers: object, signal?: AbortSignal) => {
    const own = { "content-type": "application/json", authorization: "Bearer acme/ada" };
    return gateway.handle(
      new Request("http://127.0.0.1/mcp", {
        ...{ method: "POST", headers: { ...headers, ...own }, body: JSON.stringify(body) },
        ...(signal && { signal }),
      }),
    );
  };
  const call = (name: string, { _meta = {}, signal }: { _meta?: object; signal?: AbortSignal } = {}) => {
    const { body, headers } = modern("tools/call", { name, _meta });
    return send(body, headers, signal);
  };
  return { gateway, clock, send, call };
}

describe.for([
  ["one message", {}],
  ["a stream of events", { progressToken: 1 }],
] as const)("SRV-03: a large answer as %s", ([, _meta]) => {
  it("is under way until it is read", async () => {
    const { gateway, clock, call } = bare();
    const answer = await call("large", { _meta });
    expect(gateway.stats().requests).toBe(1);
    const { result } = await lastOf(answer);
    expect(result?.["content"]).toEqual([{ type: "text", text: large }]);
    expect([gateway.stats().requests, clock.pending]).toEqual([0, 0]);
  });

  it("is over where its client drops it, in the middle too", async () => {
    const { gateway, call } = bare();
    await (await call("large", { _meta })).body?.cancel();
    expect(gateway.stats().requests).toBe(0);
    const reader = (await call("large", { _meta })).body?.getReader();
    await reader?.read();
    expect(gateway.stats().requests).toBe(1);
    await reader?.cancel();
    expect(gateway.stats().requests).toBe(0);
  });

  it("is over where its client leaves, whoever reads it", async () => {
    const { gateway, clock, call } = bare();
    const client = new AbortController();
    const answer = await call("large", { _meta, signal: client.signal });
    expect(gateway.stats().requests).toBe(1);
    client.abort();
    expect([gateway.stats().requests, clock.pending]).toEqual([0, 0]);
    await expect(answer.text()).rejects.toThrow();
  });

  it("is dropped where its client, which has not taken its request back, has left before", async () => {
    const late = Promise.withResolvers<void>();
    const waiting = workspaceOf({
      tools: {
        late: async (_, { onProgress }) => {
          await late.promise;
          onProgress?.({ progress: 1 });
          return text(large);
        },
      },
    });
    const { gateway, clock, send } = bare({}, waiting);
    const hello = {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "wire", version: "1" },
    };
    const begun = await send({ jsonrpc: "2.0", id: 0, method: "initialize", params: hello }, {});
    const session = { "mcp-session-id": begun.headers.get("mcp-session-id") ?? "" };
    const client = new AbortController();
    const params = { name: "late", _meta };
    const answering = send({ jsonrpc: "2.0", id: 1, method: "tools/call", params }, session, client.signal);
    await expect.poll(() => gateway.stats().requests).toBe(1);
    client.abort();
    expect(gateway.stats().requests).toBe(1);
    late.resolve();
    await answering;
    await expect.poll(() => [gateway.stats().requests, clock.pending]).toEqual([0, 0]);
  });

  it("is dropped where nobody reads it for long", async () => {
    const { gateway, clock, call } = bare({ streamMs: 60_000 });
    const answer = await call("large", { _meta });
    await clock.advance(59_999);
    expect(gateway.stats().requests).toBe(1);
    await clock.advance(1);
    expect(gateway.stats().requests).toBe(0);
    await expect(answer.text()).rejects.toThrow("does not read");
  });
});

it("SRV-03: a small answer is over when it is given", async () => {
  const { gateway, call } = bare();
  for (const _meta of [{}, { progressToken: 1 }]) {
    await call("small", { _meta });
    expect(gateway.stats().requests).toBe(0);
  }
});

it("SRV-03: whoever does not read has no more large answers than requests, also through sockets", async () => {
  const huge = text("x".repeat(16 * 1024 * 1024));
  const { url, gateway } = await served({
    connect: workspaceOf({ tools: { huge: () => huge, small: () => text("small") } }).connect,
    limits: { maxRequestsPerPrincipal: 2 },
  });
  const { body, headers } = modern("tools/call", { name: "huge" });
  const unread = [await post(url, body, { headers }), await post(url, body, { headers })];
  expect((await ask(url, "tools/call", { name: "small" })).error?.code).toBe(-32_000);
  expect((await ask(url, "tools/call", { name: "small" }, { token: "acme/bob" })).error).toBeUndefined();
  await unread[0]?.body?.cancel();
  expect((await lastOf(unread[1] as Response)).result).toMatchObject({ content: huge.content });
  await expect.poll(() => gateway.stats().requests).toBe(0);
  expect((await ask(url, "tools/call", { name: "small" })).error).toBeUndefined();
});
