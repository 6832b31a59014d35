import { createConnector } from "@tenantry/client";
import {
  originOf,
  secret,
  systemClock,
  type Connection,
  type Credential,
  type Endpoint,
  type ServerRequestHandlers,
} from "@tenantry/core";
import { createEgress } from "@tenantry/egress";
import { spawnPipe } from "@tenantry/process";
import type { HostileClient, HostileSession, HostileTarget } from "@tenantry/testing/hostile";
import { createTenantry, fromStatic, header, type ServerDefinition } from "tenantry";

/** A host that answers whatever it is asked, so that a server can ask for more. */
const handlers: ServerRequestHandlers = {
  onElicitation: () => ({ action: "accept", content: {} }),
  onSampling: () => ({ model: "none", role: "assistant", content: { type: "text", text: "" } }),
  onRoots: () => [],
};

/** One connection each, over one egress that is asked to resolve names as a case wants them resolved. */
export function connections(): HostileClient {
  let egress: ReturnType<typeof createEgress> | undefined;
  return {
    name: "@tenantry/client",
    async open(target, { lookup }) {
      egress ??= createEgress({ lookup, limits: { closeTimeoutMs: 500 } });
      const connector = createConnector({ egress, limits: clientLimits(target) });
      return sessionOf(await connector.open(endpointOf(target), credentialOf(target), { handlers }));
    },
    close: async () => egress?.close(),
  };
}

/** A whole instance for each target: pool, router and catalog included. */
export function instances(): HostileClient {
  return {
    name: "tenantry",
    async open(target) {
      const { maxTools, timeoutMs } = target.limits;
      const limits = {
        ...{ ...clientLimits(target), maxTools, maxListSize: target.limits.maxMessageBytes },
        ...{
          listTimeoutMs: timeoutMs,
          callTimeoutMs: timeoutMs,
          acquireTimeoutMs: timeoutMs,
          drainTimeoutMs: 0,
        },
      };
      const tenantry = createTenantry({ servers: { zoo: definitionOf(target) }, limits });
      const ada = tenantry.workspace("acme").as("ada");
      return {
        async listTools() {
          const { tools, unavailable } = await ada.listTools();
          const [missing] = unavailable;
          if (missing) throw missing.error;
          return tools;
        },
        callTool: (tool, args) =>
          ada.callTool({ server: "zoo", tool }, args, { onProgress: () => {}, handlers }),
        close: () => tenantry.close(),
      };
    },
  };
}

function clientLimits({
  limits: { maxMessageBytes, maxStreamBytes, openTimeoutMs, timeoutMs },
}: HostileTarget) {
  return {
    maxMessageBytes,
    maxStreamBytes,
    handshakeTimeoutMs: openTimeoutMs,
    requestTimeoutMs: timeoutMs,
    closeTimeoutMs: 500,
  };
}

function definitionOf(target: HostileTarget): ServerDefinition {
  if (target.kind === "stdio") return { command: target.command, args: target.args, era: target.era };
  const { url, provenance, era, headers } = target;
  const credential = Object.entries(headers).map(([name, value]) => header(name, fromStatic(value)));
  return { url, provenance, era, ...(credential.length > 0 && { credential }) };
}

function endpointOf(target: HostileTarget): Endpoint {
  const { era } = target;
  if (target.kind === "http") {
    const { url, provenance } = target;
    return { kind: "http", url: new URL(url), provenance, headers: {}, era };
  }
  const { command, args, limits } = target;
  const { maxMessageBytes } = limits;
  return {
    kind: "pipe",
    era,
    open: ({ env, signal }) =>
      spawnPipe({
        command,
        args,
        env,
        clock: systemClock,
        limits: { maxMessageBytes, closeGraceMs: 300 },
        signal,
      }),
  };
}

function credentialOf(target: HostileTarget): Credential | undefined {
  if (target.kind === "stdio") return undefined;
  const headers = Object.fromEntries(
    Object.entries(target.headers).map(([name, value]) => [name, { value: secret(value), replaces: true }]),
  );
  return {
    subject: "ada",
    generation: "1",
    origins: [originOf(new URL(target.url))],
    headers: () => headers,
  };
}

function sessionOf(connection: Connection): HostileSession {
  return {
    listTools: () => connection.request("tools/list", {}),
    callTool: (name, args) =>
      connection.request("tools/call", { name, arguments: args }, { onProgress: () => {} }),
    close: () => connection.close(),
  };
}
