import { randomUUID } from "node:crypto";
import type { UUID } from "@elizaos/core";
import { startNotebook } from "@tenantry/testing";
import { bearer, createTenantry, fromContext, fromStatic } from "tenantry";
import { afterAll, expect, it, vi } from "vitest";
import { messageOf, startAgent } from "../test/agent.ts";
import { McpService, tenantryPlugin, type MessageContext } from "./index.ts";

const [ada, bob] = [randomUUID() as UUID, randomUUID() as UUID];
const server = await startNotebook({ users: ["ada", "bob", "nobody"] });
const tokens = new Map<string, string>([
  [ada, server.tokenOf("ada")],
  [bob, server.tokenOf("bob")],
]);
const credential = bearer(fromContext("token"));
const discovery = bearer(fromStatic(server.tokenOf("nobody")));
const tenantry = createTenantry({ servers: { notes: { url: server.url, credential, discovery } } });
const acme = tenantry.workspace("acme");
const clientOf = ({ message: { entityId } }: MessageContext) =>
  acme.as(entityId, { token: tokens.get(entityId) });
const shared = { catalog: acme.discovery(), clientOf };
const agent = await startAgent(tenantryPlugin(shared));

afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await tenantry.close();
  await server.close();
});

it("gives each of two users their own answers, in elizaOS' own loop, at the same time", async () => {
  const told = await Promise.all(
    [ada, bob, ada, bob].map((user) =>
      agent.ask(user, [
        { action: "notes__whoami" },
        { action: "NOTES_WHOAMI" },
        { action: "notes__page" },
        { action: "notes__fail" },
      ]),
    ),
  );
  const own = (name: string) => `${name}; ${name}; page 1 of ${name}\n[resource note://2]; ${name}'s pen is broken.`;
  expect(told).toEqual([own("ada"), own("bob"), own("ada"), own("bob")]);
  expect(server.crossings).toEqual([]);
});
