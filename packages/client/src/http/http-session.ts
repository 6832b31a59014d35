import { TenantryError, type Era } from "@tenantry/core";
import type { ExchangeResponse } from "@tenantry/egress";
import type { Fields } from "../message.ts";
import type { SessionStanding } from "./session-loss.ts";
import { posting, type PlainHeaders, type RoutingHeaders } from "./routing-headers.ts";

/** What was agreed on before, to go on with. */
export interface KnownSession {
  readonly sessionId?: string | undefined;
  readonly protocolVersion: string;
}

/** What every request of one HTTP connection says of it: the revision and, in the legacy era, the session. */
export class HttpSession {
  readonly era: Era;
  readonly #routing: RoutingHeaders;
  /** Whether only a record says that the server wants no session. */
  #isUnproven: boolean;
  #id: string | undefined;
  #protocolVersion: string | undefined;
  /** The headers of a legacy POST, as long as neither of these two changes. */
  #posting: PlainHeaders | undefined;

  constructor(era: Era, routing: RoutingHeaders, known: KnownSession | undefined) {
    this.era = era;
    this.#routing = routing;
    this.#isUnproven = era === "legacy" && known !== undefined && known.sessionId === undefined;
    this.#id = known?.sessionId;
    this.#protocolVersion = known?.protocolVersion;
  }

  get id(): string | undefined {
    return this.#id;
  }

  /** What a refusal can be about. */
  get standing(): SessionStanding {
    if (this.era === "legacy" && this.#id !== undefined) return "held";
    return this.#isUnproven ? "unproven" : "none";
  }

  /** The server has answered a request: what the record says of it still holds. */
  answered(): void {
    this.#isUnproven = false;
  }

  /** Speaks this protocol revision from now on. */
  speak(protocolVersion: string): void {
    this.#protocolVersion = protocolVersion;
    this.#posting = undefined;
  }

  /** Takes the session that the handshake's answer makes; throws `PROTOCOL_VIOLATION` for an id that cannot be sent back. */
  adopt({ headers }: ExchangeResponse): void {
    const id = headers["mcp-session-id"];
    if (id === undefined || this.era === "modern") return;
    if (!/^[\u0021-\u007e]{1,1024}$/u.test(id)) {
      const what = "The server's session id is not visible ASCII; it cannot be sent back.";
      throw new TenantryError("PROTOCOL_VIOLATION", what);
    }
    this.#id = id;
    this.#posting = undefined;
  }

  /** The headers of a request that is no POST. */
  headers(): Record<string, string> {
    return {
      ...(this.#protocolVersion === undefined ? {} : { "mcp-protocol-version": this.#protocolVersion }),
      ...(this.#id === undefined ? {} : { "mcp-session-id": this.#id }),
    };
  }

  /** The headers of one POST without its secrets; nearly always an object that the egress has checked before. */
  headersOf(method: string, params: Fields | undefined, more?: PlainHeaders): PlainHeaders {
    if (this.era === "legacy") return (this.#posting ??= Object.freeze({ ...posting, ...this.headers() }));
    const routing = this.#routing.of(method, params);
    return more === undefined ? routing : { ...routing, ...more };
  }
}
