/// <reference path="./undici-agent.d.ts" />
import { systemClock, TenantryError, type Provenance } from "@tenantry/core";
import type { Agent } from "undici";
import { publicAddresses, socketLookup, systemLookup, type Lookup } from "./address-policy.ts";
import { Attempt } from "./attempt.ts";
import type { EgressLimits } from "./limits.ts";
import { closedError, type Answer, type Hop, type Transport } from "./transport.ts";

type AgentClass = typeof Agent;

/**
 * Carries requests over undici's keep-alive pools: one agent for each provenance, so that a socket opened under the
 * lax address policy never serves a request under the strict one, and in each agent one pool for each origin.
 */
export class SocketTransport implements Transport {
  readonly #limits: EgressLimits;
  readonly #lookup: Lookup | undefined;
  readonly #agents = new Map<Provenance, Agent>();
  /** Aborts when the grace of `close()` is over, and takes every socket with it, those still connecting included. */
  readonly #end = new AbortController();
  #loading: Promise<AgentClass> | undefined;
  #closing: Promise<void> | undefined;
  /** Lasts until undici lends the sockets of requests that have just ended again. */
  #freeing: Promise<void> | undefined;
  #requests = 0;

  constructor(limits: EgressLimits, lookup: Lookup | undefined) {
    this.#limits = limits;
    this.#lookup = lookup;
  }

  async send(hop: Hop): Promise<Answer> {
    const agent = this.#agents.get(hop.provenance) ?? (await this.#open(hop.provenance));
    if (this.#freeing !== undefined) await this.#freeing;
    hop.signal?.throwIfAborted();
    return new Promise<Answer>((answered, failed) => {
      this.#requests++;
      const over = () => {
        this.#requests--;
        this.#freeing ??= this.#free();
      };
      const { origin, pathname, search } = hop.url;
      const { method, body = null } = hop;
      // Undici reads the array and keeps none of it.
      const headers = hop.headers as string[];
      const attempt = new Attempt(hop, origin, { answered, failed, over });
      agent.dispatch({ origin, path: pathname + search, method, headers, body, idempotent: false }, attempt);
    });
  }

  stats(): { readonly sockets: number; readonly requests: number } {
    let sockets = 0;
    for (const agent of this.#agents.values()) {
      for (const { connected } of Object.values(agent.stats)) sockets += Number(connected);
    }
    return { sockets, requests: this.#requests };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #open(provenance: Provenance): Promise<Agent> {
    const AgentClass = await (this.#loading ??= loadAgent());
    if (this.#closing !== undefined) throw closedError();
    const opened = this.#agents.get(provenance);
    if (opened !== undefined) return opened;
    const { maxSocketsPerOrigin, maxHeaderBytes, socketTimeoutMs, firstByteTimeoutMs } = this.#limits;
    const agent = new AgentClass({
      // HTTP/2 clients replay requests after GOAWAY and REFUSED_STREAM; on HTTP/1.1 without pipelining nothing is sent twice.
      allowH2: false,
      pipelining: 1,
      connections: maxSocketsPerOrigin,
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: firstByteTimeoutMs === Infinity ? 0 : firstByteTimeoutMs,
      bodyTimeout: 0,
      connect: { timeout: socketTimeoutMs, signal: this.#end.signal, ...this.#lookupFor(provenance) },
    });
    this.#agents.set(provenance, agent);
    return agent;
  }

  /**
   * Undici keeps a socket back until the next turn of the event loop. A request that came before would have another
   * socket opened, with all its handshakes, so it waits for that turn. The microtask lets undici queue its own first.
   */
  async #free(): Promise<void> {
    await Promise.resolve();
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#freeing = undefined;
  }

  #lookupFor(provenance: Provenance) {
    const lookup = this.#lookup;
    if (provenance === "foreign") {
      return { lookup: socketLookup((hostname) => publicAddresses(hostname, lookup ?? systemLookup)) };
    }
    return lookup === undefined ? {} : { lookup: socketLookup(lookup) };
  }

  async #close(): Promise<void> {
    const end = () => this.#end.abort(closedError());
    const timer = systemClock.after(this.#limits.closeTimeoutMs, end);
    await Promise.all([...this.#agents.values()].map((agent) => agent.close()));
    timer.cancel();
    end();
  }
}

/**
 * Undici's entry module installs a dispatcher on `globalThis`, which would change the host's own `fetch`; the agent's
 * module does not. It is loaded with the first request, so that runtimes without sockets never meet it.
 */
async function loadAgent(): Promise<AgentClass> {
  try {
    return (await import("undici/lib/dispatcher/agent.js")).default;
  } catch (cause) {
    throw new TenantryError(
      "CONFIG_INVALID",
      "This runtime has no sockets for HTTP; give createEgress a fetch.",
      { cause },
    );
  }
}
