import {
  LATEST_PROTOCOL_VERSION,
  SERVER_INFO_META_KEY,
  SUPPORTED_PROTOCOL_VERSIONS,
} from "@modelcontextprotocol/client";
import {
  TenantryError,
  type Era,
  type Implementation,
  type ParkedSession,
  type ServerFacts,
  type ServerRequestHandlers,
} from "@tenantry/core";
import { Call, type CallListeners } from "./call.ts";
import { capabilitiesOf, modernVersion, type Envelope } from "./envelope.ts";
import { serverError, spoken } from "./failure.ts";
import { isObject, type Fields } from "./message.ts";
import type { OpenDependencies } from "./opened.ts";
import type { Transport } from "./transport.ts";

/**
 * Numbers the requests of all connections that share sockets: an answer that comes to the wrong one, because a server or a
 * proxy has miscounted what it sent on a socket, is nobody's answer there.
 */
export class RequestIds {
  #last = 0;

  next(): number {
    return ++this.#last;
  }
}

/** What a {@link Link} speaks over and as whom. */
export interface LinkOptions {
  readonly transport: Transport;
  readonly era: Era;
  /** What it has in common with the connector's other connections. */
  readonly dependencies: Pick<OpenDependencies, "clientInfo" | "envelopes" | "ids">;
  /** Answers what the server asks where a call brings no handlers of its own. */
  readonly handlers?: ServerRequestHandlers | undefined;
}

/** The requests and notifications of one connection in one era (JSON-RPC 2.0 as MCP uses it). */
export class Link {
  readonly transport: Transport;
  readonly era: Era;
  readonly handlers: ServerRequestHandlers | undefined;
  readonly #dependencies: LinkOptions["dependencies"];

  constructor({ transport, era, dependencies, handlers }: LinkOptions) {
    this.transport = transport;
    this.handlers = handlers;
    this.era = era;
    this.#dependencies = dependencies;
  }

  /** Makes a call; nothing of it is sent before {@link ask}. */
  call(
    method: string,
    { handlers = this.handlers, onProgress, onLog, onNotification }: CallListeners = {},
  ): Call {
    return new Call(this.#dependencies.ids.next(), method, { handlers, onProgress, onLog, onNotification });
  }

  /** Sends a call's request and gives its result as it came; throws the typed error otherwise. */
  async ask(call: Call, params?: Fields, envelope: Envelope = bare): Promise<Fields> {
    const { envelopes } = this.#dependencies;
    this.transport.ask(call, envelopes[this.era](params, call, envelope));
    const answer = await call.outcome;
    if (answer.kind === "error") throw serverError(call.method, answer.error, call.secrets());
    if (isObject(answer.result)) return answer.result;
    const what = `The server answered ${call.method} with something that is not an object.`;
    throw new TenantryError("PROTOCOL_VIOLATION", what, { delivery: "answered" });
  }

  /**
   * Asks a legacy server who it is and agrees on a revision (MCP 2025-11-25, lifecycle), and gives the record of that
   * without its session. The end of the handshake is {@link finish}.
   */
  async initialise(signal: AbortSignal): Promise<ParkedSession> {
    const call = this.call("initialize");
    const result = await this.#askUntil(call, signal, {
      protocolVersion: LATEST_PROTOCOL_VERSION,
      capabilities: capabilitiesOf(this.handlers),
      clientInfo: this.#dependencies.clientInfo,
    });
    // The text of this package, of which there is one, and not of the message.
    const protocolVersion = SUPPORTED_PROTOCOL_VERSIONS.find((one) => one === result.protocolVersion);
    if (protocolVersion === undefined) {
      const version = spoken(result.protocolVersion, call.secrets());
      const what = `The server speaks the protocol revision ${version}; none that it offers is spoken here.`;
      throw new TenantryError("PROTOCOL_VIOLATION", what, { delivery: "answered" });
    }
    this.transport.speak(protocolVersion);
    return { era: "legacy", protocolVersion, facts: factsOf(result, result.serverInfo) };
  }

  /** Ends the handshake; rejects where the server refuses to hear it. */
  finish(): Promise<void> {
    return this.transport.tell({ jsonrpc: "2.0", method: "notifications/initialized" });
  }

  /** Begins to speak the modern era without asking (MCP 2026-07-28): nothing is sent. */
  assumeModern(): ParkedSession {
    this.transport.speak(modernVersion);
    return { era: "modern", protocolVersion: modernVersion };
  }

  /** Asks a server that is assumed to be modern what it is; `undefined` where its answer says that it is not. */
  async discover(signal: AbortSignal): Promise<ParkedSession | undefined> {
    const result = await this.#askUntil(this.call("server/discover"), signal);
    const { supportedVersions, _meta } = result;
    if (!Array.isArray(supportedVersions) || !supportedVersions.includes(modernVersion)) return undefined;
    const serverInfo = isObject(_meta) ? _meta[SERVER_INFO_META_KEY] : undefined;
    return { era: "modern", protocolVersion: modernVersion, facts: factsOf(result, serverInfo) };
  }

  /** Asks for as long as somebody waits. */
  async #askUntil(call: Call, signal: AbortSignal, params?: Fields): Promise<Fields> {
    signal.throwIfAborted();
    const leave = () => call.end(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await this.ask(call, params);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }
}

function factsOf({ capabilities, instructions }: Fields, serverInfo: unknown): ServerFacts {
  return {
    capabilities: isObject(capabilities) ? capabilities : {},
    ...(isImplementation(serverInfo) && { serverInfo }),
    ...(typeof instructions === "string" && { instructions }),
  };
}

function isImplementation(value: unknown): value is Implementation {
  return isObject(value) && typeof value.name === "string" && typeof value.version === "string";
}

const bare: Envelope = Object.freeze({});
