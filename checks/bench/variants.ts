// The ways to call one tool that are compared. Each sends the same call with the same token.
import {
  Client as ClientV2,
  StreamableHTTPClientTransport as TransportV2,
} from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { createConnector } from "@tenantry/client";
import { originOf, secret, type Credential, type Era } from "@tenantry/core";
import { createEgress } from "@tenantry/egress";
import { bearer, createTenantry, fromContext } from "tenantry";

/** One way, ready to call. */
export interface Variant {
  readonly name: string;
  /** Calls the tool once and gives its result. */
  call(): Promise<unknown>;
  close(): Promise<unknown>;
}

const token = "token-of-ada";
const call = { name: "echo", arguments: { text: "hello" } };
const info = { name: "bench", version: "1.0.0" };
const eras = ["legacy", "modern"] as const;

/** Opens every variant; the first is the floor. */
export async function openVariants(url: URL): Promise<readonly Variant[]> {
  return [
    await openFloor(url),
    ...(await Promise.all(eras.map((era) => openClient(url, era)))),
    ...openTenantry(url),
    ...(await Promise.all(eras.map((era) => openStockV2(url, era)))),
    await openStockV1(url),
  ];
}

/** What no client can do without: a request, and the parsing of its answer. */
async function openFloor(url: URL): Promise<Variant> {
  // Undici's entry takes the place of the dispatcher that Node's own `fetch` has not yet made, and the stock clients
  // would be measured with another undici than theirs; so that one is made first.
  await fetch("data:,");
  const { Pool } = await import("undici");
  const pool = new Pool(url.origin);
  const headers = {
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
    authorization: `Bearer ${token}`,
    "mcp-protocol-version": "2025-11-25",
  };
  let id = 0;
  return {
    name: "undici Pool.request + JSON.parse",
    async call() {
      const body = JSON.stringify({ jsonrpc: "2.0", id: id++, method: "tools/call", params: call });
      const response = await pool.request({ path: url.pathname, method: "POST", headers, body });
      return (JSON.parse(await response.body.text()) as { result: unknown }).result;
    },
    close: () => pool.close(),
  };
}

async function openClient(url: URL, era: Era): Promise<Variant> {
  const egress = createEgress();
  const authorization = { value: secret(`Bearer ${token}`), replaces: false };
  const credential: Credential = {
    subject: "ada",
    generation: "1",
    origins: [originOf(url)],
    headers: () => ({ authorization }),
  };
  const endpoint = { kind: "http", url, provenance: "code", headers: {}, era } as const;
  const connection = await createConnector({ egress }).open(endpoint, credential, {});
  return {
    name: `@tenantry/client, ${era}`,
    call: () => connection.request("tools/call", call),
    close: () => connection.close().then(() => egress.close()),
  };
}

function openTenantry(url: URL): readonly Variant[] {
  const credential = bearer(fromContext("token"));
  const tenantry = createTenantry({
    servers: { legacy: { url, era: "legacy", credential }, modern: { url, era: "modern", credential } },
  });
  const ada = tenantry.workspace("bench").as("ada", { token });
  const close = () => tenantry.close();
  return eras.flatMap((era) => [
    {
      name: `tenantry by name, ${era}`,
      call: () => ada.callTool(`${era}__${call.name}`, call.arguments),
      close,
    },
    {
      name: `tenantry by { server, tool }, ${era}`,
      call: () => ada.callTool({ server: era, tool: call.name }, call.arguments),
      close,
    },
  ]);
}

async function openStockV2(url: URL, era: Era): Promise<Variant> {
  const negotiation = { legacy: "legacy", modern: { pin: "2026-07-28" } } as const;
  const client = new ClientV2(info, { versionNegotiation: { mode: negotiation[era] } });
  await client.connect(
    new TransportV2(url, { requestInit: { headers: { authorization: `Bearer ${token}` } } }),
  );
  return {
    name: `stock SDK v2, ${era}`,
    call: () => client.callTool(call),
    close: () => client.close(),
  };
}

async function openStockV1(url: URL): Promise<Variant> {
  const client = new ClientV1(info);
  const options = { requestInit: { headers: { authorization: `Bearer ${token}` } } };
  // Its declaration does not fit its own interface under exactOptionalPropertyTypes.
  await client.connect(new TransportV1(url, options) as Transport);
  return { name: "stock SDK v1, legacy", call: () => client.callTool(call), close: () => client.close() };
}
