import { randomUUID } from "node:crypto";
import * as next from "elizaos-next";
import { manualClock, startFakeServer } from "@tenantry/testing";
import { createTenantry, fromFunction, header } from "tenantry";
import { afterAll, expect, it, vi } from "vitest";
import { messageOf, startAgent } from "../test/agent.ts";
import type { ElizaNext } from "../test/our-subject.ts";
import { mcpPlugin } from "./plugin-mcp.ts";
import { pluginOf } from "./plugin.ts";

// The version that has a request context, wherever the plugin or the agent says "@elizaos/core".
vi.mock("@elizaos/core", () => import("elizaos-next"));

const core = next as never as ElizaNext;
const [ada, bob] = [randomUUID(), randomUUID()];
const keys = { "key-agent": "agent", "key-ada": "ada", "key-bob": "bob" };
const server = await startFakeServer({ authenticate: { header: "x-api-key", keys } });
afterAll(() => server.close());
const agentId = randomUUID();
const requestOf = (entityId: string, key: string, agent: string = agentId) => ({
  ...{ agentId: agent, entityId, requestStartTime: 0 },
  entitySettings: new Map([["ELIZAOS_API_KEY", key]]),
});
const settings = {
  APP_URL: server.url.origin,
  mcp: { servers: { srv: { type: "http", url: server.url.href } } },
};
const character = { id: agentId, settings: settings as never, secrets: { ELIZAOS_API_KEY: "key-agent" } };

it("does not begin with the key of the user in whose request an agent happens to start", async () => {
  await using _agent = await core.runWithRequestContext(requestOf(ada, "key-ada"), () =>
    startAgent(mcpPlugin(), character),
  );
  expect([...new Set(server.requests.map(({ headers }) => headers["x-api-key"]))]).toEqual(["key-agent"]);
});

it("gives a message nothing of a request that is another user's, another agent's, or over", async () => {
  await using agent = await startAgent(mcpPlugin(), character);
  const run = async (request: object | undefined, user: string) => {
    const work = () => agent.run(user as never, "srv__whoami");
    const result = await (request === undefined ? work() : core.runWithRequestContext(request, work));
    return result?.success === true ? result.text : result?.data?.["code"];
  };
  expect(await run(requestOf(ada, "key-ada"), ada)).toBe("ada");
  const before = server.requests.length;
  expect(await run(requestOf(ada, "key-ada"), bob)).toBe("CREDENTIAL_MISSING");
  expect(await run(requestOf(bob, "key-bob", randomUUID()), bob)).toBe("CREDENTIAL_MISSING");
  expect(await run(undefined, ada)).toBe("CREDENTIAL_MISSING");
  expect(server.requests).toHaveLength(before);
});

it("lists for everybody outside of whoever's request, whatever the host reads there", async () => {
  const clock = manualClock();
  const inRequest = () => core.getRequestContext()?.entitySettings.get("ELIZAOS_API_KEY") ?? "key-agent";
  const keyOf = header("x-api-key", fromFunction(inRequest));
  const servers = { srv: { url: server.url, credential: keyOf, discovery: keyOf } };
  await using tenantry = createTenantry({ servers, clock, limits: { listTtlMs: 1 } });
  const acme = tenantry.workspace("acme");
  const source = { catalog: acme.discovery(), clientOf: () => acme.as("nobody") };
  const before = server.requests.length;
  const plugin = pluginOf(() => ({ source, clock, list: { fresh: true } }));
  await using agent = await core.runWithRequestContext(requestOf(ada, "key-ada"), () => startAgent(plugin));
  const first = server.requests.length;
  await clock.advance(60_000);
  await core.runWithRequestContext(requestOf(bob, "key-bob"), () =>
    agent.runtime.composeState(messageOf(bob as never)),
  );
  await vi.waitFor(() => expect(server.requests.length).toBeGreaterThan(first));
  await tenantry.close();
  const keysSent = server.requests.slice(before).map(({ headers }) => headers["x-api-key"]);
  expect([...new Set(keysSent)]).toEqual(["key-agent"]);
});
