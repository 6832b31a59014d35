import { createTenantry, type Tenantry } from "tenantry";
import type { Listener } from "../serving.ts";

const servers = 10;
const toolsEach = 50;

/** An instance with ten servers, each with fifty tools. */
export function manyServers(listener: Listener): Tenantry {
  const definitions = Array.from({ length: servers }, (_, at) => {
    // Another path for each: they are told apart by it.
    const url = listener.url("both", { reply: "json", bytes: 200 + at, tools: toolsEach });
    return [`server${at}`, { url, era: "modern" }] as const;
  });
  const users = 20_000;
  return createTenantry({
    servers: Object.fromEntries(definitions),
    limits: { maxConnections: users, maxParked: users, maxConnectionsPerUser: servers },
  });
}
