/// <reference path="./undici-modules.d.ts" />
import type { Socket } from "node:net";
import { systemClock, TenantryError, type Provenance } from "@tenantry/core";
import type { buildConnector, Client } from "undici";
import type { AddressPolicy } from "./address-policy.ts";
import type { EgressLimits } from "./limits.ts";
import { socketLookup, systemLookup, type Lookup } from "./lookup.ts";
import { OriginSockets } from "./origin-sockets.ts";
import type { Place } from "./place.ts";
import { closedError, type Answer, type Hop, type Transport } from "./transport.ts";

/** What of undici is used. */
interface Undici {
  readonly Client: typeof Client;
  readonly connectorOf: (options: buildConnector.BuildOptions) => Connect;
}

/** Connects a socket, which it gives before it is connected: undici does, and does not declare it. */
type Connect = (...args: Parameters<buildConnector.connector>) => Socket;

/**
 * Carries requests over undici's keep-alive sockets, kept apart by provenance, so that a socket opened under the lax
 * address policy never serves a request under the strict one, and by origin.
 */
export class SocketTransport implements Transport {
  readonly #limits: EgressLimits;
  readonly #policy: AddressPolicy;
  readonly #lookup: Lookup | undefined;
  readonly #origins: Readonly<Record<Provenance, Map<string, OriginSockets>>> = {
    code: new Map(),
    foreign: new Map(),
  };
  /**
   * Sockets that are not connected yet, which `close()` ends. A signal that all of them share would be listened to by every
   * socket for as long as it lives, and a new one would look at all these listeners first.
   */
  readonly #connecting = new Set<Socket>();
  #loading: Promise<Undici> | undefined;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(limits: EgressLimits, policy: AddressPolicy, lookup: Lookup | undefined) {
    this.#limits = limits;
    this.#policy = policy;
    this.#lookup = lookup;
  }

  send(hop: Hop): Promise<Answer> {
    const { origin, provenance } = hop.place;
    const sockets = this.#closing === undefined ? this.#origins[provenance].get(origin) : undefined;
    return sockets === undefined ? this.#sendFirst(hop) : sockets.send(hop);
  }

  stats(): { readonly sockets: number; readonly requests: number } {
    const all = this.#all();
    return {
      sockets: all.reduce((count, { connected }) => count + connected, 0),
      requests: all.reduce((count, { requests }) => count + requests, 0),
    };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #sendFirst(hop: Hop): Promise<Answer> {
    const undici = await (this.#loading ??= loadUndici());
    if (this.#closing !== undefined) throw closedError();
    hop.signal?.throwIfAborted();
    const { origin, provenance } = hop.place;
    const origins = this.#origins[provenance];
    const sockets = origins.get(origin) ?? this.#open(undici, hop.place);
    origins.set(origin, sockets);
    return sockets.send(hop);
  }

  #open({ Client, connectorOf }: Undici, { origin, provenance }: Place): OriginSockets {
    const { maxHeaderBytes, socketTimeoutMs } = this.#limits;
    const connect = connectorOf({
      allowH2: false,
      timeout: socketTimeoutMs,
      ...this.#lookupFor(provenance),
    });
    return new OriginSockets({
      limits: this.#limits,
      open: (opened) =>
        new Client(origin, {
          // HTTP/2 clients replay requests after GOAWAY and REFUSED_STREAM; on HTTP/1.1 without pipelining nothing is sent twice.
          allowH2: false,
          pipelining: 1,
          maxHeaderSize: maxHeaderBytes,
          // A watch keeps the time, which undici's timers would only see to the second.
          headersTimeout: 0,
          bodyTimeout: 0,
          connect: (options, callback) => {
            const connecting = connect(options, (...[failure, socket]) => {
              this.#connecting.delete(connecting);
              if (failure !== null) return callback(failure, null);
              opened(socket);
              callback(null, socket);
            });
            this.#connecting.add(connecting);
          },
        }),
      quiet: () => this.#drained?.(),
      unused: () => this.#origins[provenance].delete(origin),
    });
  }

  #lookupFor(provenance: Provenance) {
    const lookup = this.#lookup;
    if (provenance === "foreign") {
      return { lookup: socketLookup((hostname) => this.#policy.addresses(hostname, lookup ?? systemLookup)) };
    }
    return lookup === undefined ? {} : { lookup: socketLookup(lookup) };
  }

  async #close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = systemClock.after(this.#limits.closeTimeoutMs, resolve);
    this.#drained = () => this.stats().requests > 0 || resolve();
    this.#drained();
    await promise;
    timer.cancel();
    for (const socket of this.#connecting) socket.destroy(closedError());
    await Promise.all(this.#all().map((sockets) => sockets.end()));
  }

  #all(): readonly OriginSockets[] {
    return [...this.#origins.code.values(), ...this.#origins.foreign.values()];
  }
}

/**
 * Undici's entry module installs a dispatcher on `globalThis`, which would change the host's own `fetch`; these modules
 * do not. They are loaded with the first request, so that runtimes without sockets never meet them.
 */
async function loadUndici(): Promise<Undici> {
  try {
    const [client, connect] = await Promise.all([
      import("undici/lib/dispatcher/client.js"),
      import("undici/lib/core/connect.js"),
    ]);
    return { Client: client.default, connectorOf: connect.default as Undici["connectorOf"] };
  } catch (cause) {
    const what = "This runtime has no sockets for HTTP; give createEgress a fetch.";
    throw new TenantryError("CONFIG_INVALID", what, { cause });
  }
}
