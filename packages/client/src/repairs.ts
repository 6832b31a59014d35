import { TenantryError, type Endpoint } from "@tenantry/core";
import type { EraVerdicts } from "./era/era-verdicts.ts";
import { offersModern } from "./era/era-evidence.ts";
import type { Errand } from "./errand.ts";
import { isTooEarly } from "./http/too-early.ts";
import { isObject, type Fields } from "./message.ts";
import type { ParamHeaders } from "./http/param-headers.ts";

/** What a connection's failures are repaired with. */
export interface RepairsOptions {
  readonly endpoint: Endpoint;
  readonly verdicts: EraVerdicts;
  /** Resolves when the end of the handshake has been heard, where it may still be on its way. */
  readonly handshakeEnd?: Promise<void> | undefined;
  /** Where arguments are mirrored into headers: over HTTP, in the modern era. */
  readonly paramHeaders?: ParamHeaders | undefined;
}

/** A request that failed. */
export interface Asked {
  readonly method: string;
  readonly params: Fields | undefined;
  /** Whether it may have overtaken the end of the handshake. */
  readonly isEarly: boolean;
}

/** Something was repaired: the request can be made once more. */
export interface Repair {
  /** Is told that the request did not fail the second time. */
  readonly confirm?: () => void;
}

/** The error for a header that does not say what the body says (MCP 2026-07-28). */
const headerMismatch = -32_020;
/** How far a tool is looked for. */
const maxPages = 64;

/**
 * The failures after which a request can be made once more, because the server has surely not read it: it came before
 * the end of the handshake, it lacks a header that the tool's definition asks for, or it was refused for its revision
 * although the server offers that very one.
 */
export class Repairs {
  readonly #endpoint: Endpoint;
  readonly #verdicts: EraVerdicts;
  readonly #paramHeaders: ParamHeaders | undefined;
  /** There until the end of the handshake has been heard. */
  #handshakeEnd: Promise<void> | undefined;

  constructor({ endpoint, verdicts, handshakeEnd, paramHeaders }: RepairsOptions) {
    this.#endpoint = endpoint;
    this.#verdicts = verdicts;
    this.#paramHeaders = paramHeaders;
    this.#handshakeEnd = handshakeEnd?.then(() => (this.#handshakeEnd = undefined));
  }

  /** Whether a request that is sent now may overtake the end of the handshake. */
  get isShaking(): boolean {
    return this.#handshakeEnd !== undefined;
  }

  /** Resolves when the end of the handshake has been heard. */
  get settled(): Promise<void> {
    return this.#handshakeEnd ?? Promise.resolve();
  }

  /** The headers that go beside a request. */
  headersOf(method: string, params: Fields | undefined): Readonly<Record<string, string>> | undefined {
    if (method !== "tools/call" || typeof params?.name !== "string") return undefined;
    return this.#paramHeaders?.of(params.name, params.arguments);
  }

  /** Repairs what a request has failed of; `send` makes another request for the same errand. */
  async find(
    failure: unknown,
    asked: Asked,
    errand: Errand,
    send: (method: string, params: Fields) => Promise<Fields>,
  ): Promise<Repair | undefined> {
    if (!(failure instanceof TenantryError)) return undefined;
    if (asked.isEarly && isTooEarly(failure, asked.method)) {
      await errand.wait(this.settled);
      return { confirm: () => this.#verdicts.set(this.#endpoint, { era: "legacy", inOrder: true }) };
    }
    if (failure.rpc !== undefined && offersModern(failure.rpc)) return {};
    if (failure.rpc?.code !== headerMismatch || asked.method !== "tools/call") return undefined;
    return (await this.#learnHeaders(asked.params?.name, send)) ? {} : undefined;
  }

  /** The tool's own definition says which header is missing. Gives whether it was learnt. */
  async #learnHeaders(
    tool: unknown,
    send: (method: string, params: Fields) => Promise<Fields>,
  ): Promise<boolean> {
    const paramHeaders = this.#paramHeaders;
    if (paramHeaders === undefined || typeof tool !== "string") return false;
    let cursor: unknown;
    for (let page = 0; page < maxPages; page++) {
      const { tools, nextCursor } = paramHeaders.learn(
        await send("tools/list", cursor === undefined ? {} : { cursor }),
      );
      const isListed = Array.isArray(tools) && tools.some((one) => isObject(one) && one.name === tool);
      if (isListed || typeof nextCursor !== "string") break;
      cursor = nextCursor;
    }
    return paramHeaders.has(tool);
  }
}
