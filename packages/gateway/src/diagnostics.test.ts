import { subscribe, tracingChannel, unsubscribe } from "node:diagnostics_channel";
import { TenantryError } from "@tenantry/core";
import { expect, it, onTestFinished } from "vitest";
import { served } from "../test/served.ts";
import { ask, hello } from "../test/wire.ts";
import { text, workspaceOf } from "../test/workspace.ts";

it("SRV-06: tells diagnostics who asked for what and how it was decided, and nothing of arguments or results", async () => {
  const told: unknown[] = [];
  const channel = tracingChannel("tenantry:gateway:request");
  const hear = (event: unknown) => void told.push(event);
  const subscribers = { asyncEnd: hear } as Parameters<typeof channel.subscribe>[0];
  channel.subscribe(subscribers);
  subscribe("tenantry:gateway:refuse", hear);
  onTestFinished(() => {
    channel.unsubscribe(subscribers);
    unsubscribe("tenantry:gateway:refuse", hear);
  });
  const { connect } = workspaceOf({
    tools: {
      echo: () => text("s3cret result"),
      deny: () => Promise.reject(new TenantryError("CALL_DENIED", "s3cret reason")),
    },
  });
  const { url } = await served({ connect });
  const call = (name: string) => ask(url, "tools/call", { name, arguments: { token: "s3cret argument" } });
  await call("echo");
  await call("deny");
  await call("hidden");
  await (await hello(url, { token: "globex/bob" })).request("prompts/list");
  await ask(url, "tools/list", {}, { token: "nobody" });
  const ada = { workspace: "acme", user: "ada" };
  expect(told).toMatchObject([
    { principal: ada, era: "modern", method: "tools/call", tool: "echo" },
    { principal: ada, era: "modern", method: "tools/call", tool: "deny", code: -32_602 },
    { principal: ada, era: "modern", method: "tools/call", tool: "hidden", code: -32_602 },
    { principal: { workspace: "globex", user: "bob" }, era: "legacy", method: "prompts/list" },
    { reason: "unauthenticated" },
  ]);
  expect(JSON.stringify(told)).not.toContain("s3cret");
});
