import type { Plugin } from "@elizaos/core";
import { startFetchServer, type FetchServer } from "@tenantry/testing";
import type { ElizaNext } from "../../packages/adapters/elizaos/test/our-subject.ts";
import { until } from "../../packages/adapters/elizaos/test/seed-cases.ts";
import { seedSubject, type SeedSubject } from "../../packages/adapters/elizaos/test/seed-subject.ts";
import { importPublished } from "./installed.ts";

/** The published plugin as it is installed: it connects at the start, once for everybody. */
export async function publishedSubject(): Promise<SeedSubject> {
  const core = await importPublished<ElizaNext>("@elizaos/core");
  const { default: plugin } = await importPublished<{ readonly default: Plugin }>("@elizaos/plugin-mcp");
  const subject = seedSubject({
    core,
    plugin: () => plugin,
    within: (agentId, { entityId }, settings, work) => {
      const entitySettings = new Map(Object.entries(settings));
      return core.runWithRequestContext({ agentId, entityId, entitySettings, requestStartTime: 0 }, work);
    },
    // It tries again after two seconds.
    recover: ({ actions }) => until(() => actions().includes("SRV_WHOAMI")),
  });
  return {
    start(options) {
      // It reads this where a connection is made.
      process.env["APP_URL"] = options.appUrl;
      return subject.start(options);
    },
  };
}

/** The same with its cache of schemas filled, without which it gives no user a connection. */
export function withCache(subject: SeedSubject): SeedSubject {
  return {
    async start(options) {
      await (await subject.start(options))[Symbol.asyncDispose]();
      return subject.start(options);
    },
  };
}

/** What the plugin calls a cache: three commands of Redis over HTTP. It looks for one when it is first used. */
export async function startCache(): Promise<FetchServer> {
  const kept = new Map<string, string>();
  const server = await startFetchServer(async (request) => {
    const [command, key = "", , value = ""] = (await request.json()) as readonly string[];
    if (command === "SETEX") kept.set(key, value);
    if (command === "DEL") kept.delete(key);
    return Response.json({ result: command === "GET" ? (kept.get(key) ?? null) : "OK" });
  });
  process.env["MCP_SCHEMA_CACHE_ENABLED"] = "true";
  process.env["MCP_CACHE_REDIS_URL"] = server.url.origin;
  process.env["MCP_CACHE_REDIS_TOKEN"] = "none";
  return server;
}
