import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema, ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { describe, expect, it, vi } from "vitest";
import { served } from "../test/served.ts";
import { text, workspaceOf, type Tool } from "../test/workspace.ts";

const info = { name: "stock", version: "1" };
const requestInit = { headers: { authorization: "Bearer acme/ada" } };
const form = {
  mode: "form",
  message: "Who?",
  requestedSchema: { type: "object", properties: { name: { type: "string" } } },
} as const;

const ask: Tool = async (_, { handlers, onProgress, signal = new AbortController().signal }) => {
  onProgress?.({ progress: 1, total: 2 });
  const answer = await handlers?.onElicitation?.(form, { signal });
  return text(String(answer?.content?.["name"]));
};

describe("the official SDK's clients", () => {
  it("v1: lists, calls, hears of progress, is asked and told of changes, and ends its session", async () => {
    const { connect, listeners } = workspaceOf({ tools: { ask } });
    const { url, gateway } = await served({ connect, limits: { gatherMs: 5 } });
    const client = new Client(info, { capabilities: { elicitation: {} } });
    const changed = vi.fn();
    client.setNotificationHandler(ToolListChangedNotificationSchema, changed);
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: "accept", content: { name: "Ada" } }));
    const transport = new StreamableHTTPClientTransport(url, { requestInit });
    await client.connect(transport as never);
    expect((await client.listTools()).tools).toMatchObject([{ name: "ask" }]);
    const onprogress = vi.fn();
    expect(await client.callTool({ name: "ask" }, undefined, { onprogress })).toMatchObject({
      content: [{ text: "Ada" }],
    });
    expect(onprogress).toHaveBeenCalledExactlyOnceWith({ progress: 1, total: 2 });
    await expect.poll(() => listeners.size).toBe(1);
    for (const { tell } of listeners) tell({ kind: "tools_changed", server: "hand" as never });
    await vi.waitFor(() => expect(changed).toHaveBeenCalledOnce());
    await transport.terminateSession();
    await client.close();
    await expect.poll(() => gateway.stats()).toEqual({ requests: 0, streams: 0, held: 0, questions: 0 });
  });

  it.for(["auto", "legacy"] as const)("v2, %s: lists, calls and is asked", async (mode) => {
    const { url } = await served({ connect: workspaceOf({ tools: { ask } }).connect });
    const client = new ModernClient(info, {
      capabilities: { elicitation: { form: {} } },
      versionNegotiation: { mode },
    });
    client.setRequestHandler("elicitation/create", () => ({ action: "accept", content: { name: "Ada" } }));
    await client.connect(new ModernTransport(url, { requestInit }));
    expect(client.getProtocolEra()).toBe(mode === "auto" ? "modern" : "legacy");
    expect((await client.listTools()).tools).toMatchObject([{ name: "ask" }]);
    expect(await client.callTool({ name: "ask" })).toMatchObject({ content: [{ text: "Ada" }] });
    await expect(client.callTool({ name: "hidden" })).rejects.toMatchObject({ code: -32_602 });
    await client.close();
  });

  it("v2: hears of changes, as a subscription that it closes", async () => {
    const { connect, listeners } = workspaceOf();
    const { url, gateway } = await served({ connect, limits: { gatherMs: 5 } });
    const client = new ModernClient(info, { versionNegotiation: { mode: "auto" } });
    const changed = vi.fn();
    client.setNotificationHandler("notifications/tools/list_changed", changed);
    await client.connect(new ModernTransport(url, { requestInit }));
    const subscription = await client.listen({ toolsListChanged: true });
    expect(subscription.honoredFilter).toEqual({ toolsListChanged: true });
    await expect.poll(() => listeners.size).toBe(1);
    for (const { tell } of listeners) tell({ kind: "tools_changed", server: "hand" as never });
    await vi.waitFor(() => expect(changed).toHaveBeenCalledOnce());
    await subscription.close();
    await expect.poll(() => gateway.stats().streams).toBe(0);
    await client.close();
  });
});
