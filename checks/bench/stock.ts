// The official clients as they come: their own transport, and Node's fetch.
import {
  Client as ClientV2,
  StreamableHTTPClientTransport as TransportV2,
  type ClientOptions,
} from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { authorizationOf, call, info, nothing, type Variant } from "./variant.ts";

type Mode = NonNullable<NonNullable<ClientOptions["versionNegotiation"]>["mode"]>;

const optionsOf = (bearerToken: string | undefined) => ({
  requestInit: { headers: { authorization: authorizationOf(bearerToken) } },
});

export const stockV1: Variant = {
  name: "stock SDK v1, legacy",
  kind: "stock",
  era: "legacy",
  start: async () => ({
    async open(url, bearerToken) {
      const client = new ClientV1(info);
      // Its declaration does not fit its own interface under exactOptionalPropertyTypes.
      await client.connect(new TransportV1(url, optionsOf(bearerToken)) as Transport);
      return { call: () => client.callTool(call), close: () => client.close() };
    },
    close: nothing,
  }),
};

export const stockV2Legacy: Variant = {
  ...stockV2("legacy", "legacy"),
  era: "legacy",
};

export const stockV2Modern: Variant = {
  ...stockV2("modern", { pin: "2026-07-28" }),
  era: "modern",
};

/** It asks the server which era it speaks. */
export const stockV2Auto: Variant = stockV2("auto", "auto");

function stockV2(called: string, mode: Mode): Variant {
  return {
    name: `stock SDK v2, ${called}`,
    kind: "stock",
    start: async () => ({
      async open(url, bearerToken) {
        const client = new ClientV2(info, { versionNegotiation: { mode } });
        await client.connect(new TransportV2(url, optionsOf(bearerToken)));
        return { call: () => client.callTool(call), close: () => client.close() };
      },
      close: nothing,
    }),
  };
}
