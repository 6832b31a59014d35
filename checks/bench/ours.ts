import { setTimeout } from "node:timers/promises";
import { createConnector } from "@tenantry/client";
import {
  originOf,
  secret,
  type Connection,
  type Credential,
  type Era,
  type HttpEndpoint,
  type ParkedSession,
} from "@tenantry/core";
import { createEgress } from "@tenantry/egress";
import { bearer, createTenantry, fromContext } from "tenantry";
import {
  authorizationOf,
  call,
  eras,
  nothing,
  token,
  type Host,
  type Link,
  type Variant,
} from "./variant.ts";

/** One egress and one connector, as a host has them; both keep what they learn. */
export class ClientHost implements Host {
  readonly #egress = createEgress();
  readonly #connector = createConnector({ egress: this.#egress });
  readonly #endpoints = new WeakMap<URL, HttpEndpoint>();
  readonly #era: Era | undefined;

  /** Without an era, servers are asked which one they speak. */
  constructor(era: Era | undefined) {
    this.#era = era;
  }

  connect(url: URL, bearerToken?: string, resume?: ParkedSession): Promise<Connection> {
    // As `bearer()` makes it: the same frozen headers for every request.
    const value = secret(authorizationOf(bearerToken));
    const headers = Object.freeze({ authorization: { value, replaces: false } });
    const credential: Credential = {
      subject: "ada",
      generation: "1",
      origins: [originOf(url)],
      headers: () => headers,
    };
    return this.#connector.open(this.#endpointOf(url), credential, { resume });
  }

  async open(url: URL, bearerToken?: string, resume?: ParkedSession): Promise<Link> {
    const connection = await this.connect(url, bearerToken, resume);
    return { call: () => connection.request("tools/call", call), close: () => connection.close() };
  }

  close(): Promise<void> {
    return this.#egress.close();
  }

  /** One for all connections to a server, as a definition has one. */
  #endpointOf(url: URL): HttpEndpoint {
    const made = this.#endpoints.get(url);
    if (made !== undefined) return made;
    const known = this.#era === undefined ? {} : { era: this.#era };
    const endpoint: HttpEndpoint = { kind: "http", url, provenance: "code", headers: {}, ...known };
    this.#endpoints.set(url, endpoint);
    return endpoint;
  }
}

/** Parks a connection as soon as the last word of its handshake has been heard, which the first call does not await. */
export async function park(connection: Connection): Promise<ParkedSession> {
  for (let time = 0; time < 1_000; time++) {
    const parked = connection.park();
    if (parked !== undefined) return parked;
    await setTimeout(1);
  }
  throw new Error("The session could not be parked.");
}

/** The name of `@tenantry/client` in one era, its era known beforehand. */
export const clientName = (era: Era) => `@tenantry/client, ${era}`;

/** One connection of `@tenantry/client` over `@tenantry/egress`. */
export const clients: readonly Variant[] = eras.map((era) => ({
  name: clientName(era),
  kind: "client",
  era,
  start: async () => new ClientHost(era),
}));

/** The whole way of `callTool`: credential, pool and router included. */
export const umbrellas: readonly Variant[] = eras.map((era) => ({
  name: `tenantry by name, ${era}`,
  kind: "tenantry",
  era,
  start: async () => ({
    async open(url, bearerToken = token) {
      const server = { url, era, credential: bearer(fromContext("token")) };
      const tenantry = createTenantry({ servers: { bench: server } });
      const ada = tenantry.workspace("bench").as("ada", { token: bearerToken });
      const name = `bench__${call.name}`;
      return { call: () => ada.callTool(name, call.arguments), close: () => tenantry.close() };
    },
    close: nothing,
  }),
}));
