import {
  TenantryError,
  type Clock,
  type CloseReason,
  type Credential,
  type Era,
  type HttpEndpoint,
  type Implementation,
  type ParkedSession,
} from "@tenantry/core";
import type { Egress } from "@tenantry/egress";
import { atMost } from "./at-most.ts";
import { EraDoubt } from "./era-doubt.ts";
import { doubtsLegacy, meansLegacy } from "./era-evidence.ts";
import type { EraVerdicts } from "./era-verdicts.ts";
import { HttpTransport } from "./http-transport.ts";
import type { ClientLimits } from "./limits.ts";
import { Link, type ServerFacts } from "./link.ts";
import { McpConnection, type ConnectionEnds } from "./mcp-connection.ts";
import { ParamHeaders } from "./param-headers.ts";
import { checkOrigin } from "./request-headers.ts";

/** What opening works with. */
export interface OpenDependencies {
  readonly egress: Pick<Egress, "exchange">;
  readonly clientInfo: Implementation;
  readonly limits: ClientLimits;
  readonly clock: Clock;
  readonly verdicts: EraVerdicts;
}

/** One way to a server, and what it said there. */
interface Opened {
  readonly transport: HttpTransport;
  readonly link: Link;
  readonly facts: ServerFacts;
  /** Whether the server was not asked, because its era was remembered. */
  readonly assumed?: boolean;
}

/** Opens a connection over Streamable HTTP in the era that the server speaks; leaves nothing behind where it fails. */
export async function openHttp(
  endpoint: HttpEndpoint,
  credential: Credential | undefined,
  options: { readonly resume: ParkedSession | undefined; readonly signal: AbortSignal },
  dependencies: OpenDependencies,
): Promise<McpConnection> {
  checkOrigin(endpoint, credential);
  const held = { credential };
  const opening = new HttpOpening(endpoint, held, options.signal, dependencies);
  const { resume } = options;
  const opened =
    resume === undefined || endpoint.era === "modern"
      ? await opening.negotiate()
      : await opening.resume(resume);
  const { clock, limits, verdicts } = dependencies;
  const ends = new HttpEnds(endpoint, held, opened, limits);
  const { link, facts, assumed = false } = opened;
  const doubt = new EraDoubt({ endpoint, era: facts.era, assumed, verdicts });
  const mirroring = facts.era === "modern" ? { paramHeaders: new ParamHeaders() } : {};
  return new McpConnection({ link, facts, ends, doubt, clock, limits, ...mirroring });
}

/** One opening: the steps of it, none of which leaves a session behind where it fails. */
class HttpOpening {
  readonly #endpoint: HttpEndpoint;
  readonly #held: { readonly credential: Credential | undefined };
  readonly #signal: AbortSignal;
  readonly #dependencies: OpenDependencies;

  constructor(
    endpoint: HttpEndpoint,
    held: { readonly credential: Credential | undefined },
    signal: AbortSignal,
    dependencies: OpenDependencies,
  ) {
    this.#endpoint = endpoint;
    this.#held = held;
    this.#signal = signal;
    this.#dependencies = dependencies;
  }

  async negotiate(): Promise<Opened> {
    const { verdicts } = this.#dependencies;
    const { era } = this.#endpoint;
    switch (era ?? verdicts.get(this.#endpoint)) {
      case "modern":
        return {
          ...(await this.#attempt("modern", (link) => link.assumeModern())),
          assumed: era === undefined,
        };
      case "legacy":
        try {
          return await this.#initialise();
        } catch (failure) {
          if (era !== undefined || !doubtsLegacy(failure)) throw failure;
          verdicts.drop(this.#endpoint);
          return this.#ask();
        }
      case undefined:
        return this.#ask();
    }
  }

  resume(parked: ParkedSession): Promise<Opened> {
    const facts: ServerFacts = {
      era: "legacy",
      protocolVersion: parked.protocolVersion,
      capabilities: parked.capabilities,
      serverInfo: parked.serverInfo,
      instructions: parked.instructions,
    };
    return this.#attempt("legacy", (link) => link.resume().then(() => facts), parked);
  }

  /** Finds the era out. What the server says of itself stays with this connection; only the era is remembered. */
  async #ask(): Promise<Opened> {
    const { verdicts } = this.#dependencies;
    try {
      const opened = await this.#attempt("modern", async (link, signal) => {
        await link.assumeModern();
        return link.discover(signal);
      });
      verdicts.set(this.#endpoint, "modern");
      return opened;
    } catch (failure) {
      if (!meansLegacy(failure)) throw failure;
    }
    const opened = await this.#initialise();
    verdicts.set(this.#endpoint, "legacy");
    return opened;
  }

  #initialise(): Promise<Opened> {
    return this.#attempt("legacy", (link, signal) => link.initialise(signal));
  }

  async #attempt(
    era: Era,
    handshake: (link: Link, signal: AbortSignal) => Promise<ServerFacts | undefined>,
    session?: ParkedSession,
  ): Promise<Opened> {
    const { clientInfo, limits, clock } = this.#dependencies;
    const credential = () => this.#held.credential;
    const endpoint = this.#endpoint;
    const egress = new FirstAnswer(this.#dependencies.egress);
    const transport = new HttpTransport({
      ...{ egress, endpoint, credential, era, limits, clock },
      ...(session === undefined ? {} : { session }),
    });
    const link = new Link(transport, clientInfo);
    const patience = { clock, timeoutMs: limits.closeTimeoutMs };
    const left = new AbortController();
    const leave = async () => {
      // An `initialize` that is under way may make a session, and only its answer tells which one is to be ended.
      if (era === "legacy") await atMost(patience, () => egress.answered);
      left.abort(this.#signal.reason);
      await link.close().catch(() => {});
    };
    const abandon = () => void leave();
    this.#signal.addEventListener("abort", abandon, { once: true });
    try {
      this.#signal.throwIfAborted();
      const facts = await handshake(link, left.signal);
      if (facts === undefined) throw notModern();
      this.#signal.throwIfAborted();
      return { transport, link, facts };
    } catch (failure) {
      await link.close().catch(() => {});
      // A handshake that failed after the server had made a session gives it back.
      await atMost(patience, (signal) => transport.endSession(signal));
      throw this.#signal.aborted ? this.#signal.reason : failure;
    } finally {
      this.#signal.removeEventListener("abort", abandon);
    }
  }
}

/** An egress that tells when its first request was answered. */
class FirstAnswer implements Pick<Egress, "exchange"> {
  readonly #egress: Pick<Egress, "exchange">;
  #first: ReturnType<Egress["exchange"]> | undefined;

  constructor(egress: Pick<Egress, "exchange">) {
    this.#egress = egress;
  }

  /** Settles with the first answer; at once where nothing was asked. */
  get answered(): Promise<void> {
    return Promise.resolve(this.#first).then(() => {});
  }

  exchange(...request: Parameters<Egress["exchange"]>): ReturnType<Egress["exchange"]> {
    const answer = this.#egress.exchange(...request);
    this.#first ??= answer;
    return answer;
  }
}

function notModern(): TenantryError {
  return new TenantryError("PROTOCOL_VIOLATION", "The server offers no protocol revision of the modern era.");
}

class HttpEnds implements ConnectionEnds {
  /** Sockets come and go beneath an HTTP connection; none of them is the connection. */
  readonly lost = new Promise<CloseReason>(() => {});
  readonly #endpoint: HttpEndpoint;
  readonly #held: { credential: Credential | undefined };
  readonly #opened: Opened;
  readonly closeTimeoutMs: number;

  constructor(
    endpoint: HttpEndpoint,
    held: { credential: Credential | undefined },
    opened: Opened,
    { closeTimeoutMs }: ClientLimits,
  ) {
    this.#endpoint = endpoint;
    this.#held = held;
    this.#opened = opened;
    this.closeTimeoutMs = closeTimeoutMs;
  }

  adopt(next: Credential): boolean {
    if (this.#held.credential?.subject !== next.subject) return false;
    try {
      checkOrigin(this.#endpoint, next);
    } catch {
      return false;
    }
    this.#held.credential = next;
    return true;
  }

  sessionId(): string | undefined {
    return this.#opened.transport.sessionId;
  }

  endSession(signal: AbortSignal): Promise<void> {
    return this.#opened.transport.endSession(signal);
  }
}
