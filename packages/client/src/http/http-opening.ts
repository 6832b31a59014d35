import {
  raceAbort,
  TenantryError,
  type Era,
  type HttpEndpoint,
  type ParkedSession,
  type ServerRequestHandlers,
} from "@tenantry/core";
import { atMost } from "../at-most.ts";
import { HttpTransport } from "./http-transport.ts";
import type { HeldCredential } from "./request-headers.ts";
import { PipeTransport } from "../pipe/pipe-transport.ts";
import { openSsePipe } from "../sse/sse-pipe.ts";
import type { KnownSession } from "./http-session.ts";
import { Link } from "../link.ts";
import type { OpenDependencies, Opened } from "../opened.ts";

/** What the attempts to open one connection have in common. */
export interface HttpOpeningOptions {
  readonly endpoint: HttpEndpoint;
  readonly held: HeldCredential;
  readonly handlers: ServerRequestHandlers | undefined;
  /** Whether several users' calls will go over it. */
  readonly shared: boolean | undefined;
  readonly dependencies: OpenDependencies;
}

/** What is said to a server before it is used; `undefined` says that it is not to be. */
type Handshake = (link: Link, signal: AbortSignal) => Promise<ParkedSession | undefined>;

/** The steps of opening a connection over Streamable HTTP, none of which leaves a session behind where it fails. */
export class HttpOpening {
  readonly #options: HttpOpeningOptions;

  constructor(options: HttpOpeningOptions) {
    this.#options = options;
  }

  /** Speaks the modern era without asking. */
  assumeModern(signal: AbortSignal): Promise<Opened> {
    return this.#attempt("modern", signal, async (link) => link.assumeModern());
  }

  /** Asks the server what it is, as a modern one. */
  discover(signal: AbortSignal): Promise<Opened> {
    return this.#attempt("modern", signal, (link, until) => {
      link.assumeModern();
      return link.discover(until);
    });
  }

  /**
   * Makes a session; {@link finish} ends its handshake. A server that does not know how to is tried over the transport of
   * 2024-11-05 (MCP 2025-11-25, Streamable HTTP, backwards compatibility).
   */
  async initialise(signal: AbortSignal): Promise<Opened> {
    try {
      return await this.#attempt("legacy", signal, (link, until) => link.initialise(until));
    } catch (refusal) {
      if (!isUnknownPost(refusal)) throw refusal;
      // The first refusal is the one that its owner understands, where nothing is there either.
      return this.initialiseSse(signal).catch(() => {
        throw signal.aborted ? signal.reason : refusal;
      });
    }
  }

  /** The same over the transport of 2024-11-05, HTTP with a stream of events. */
  async initialiseSse(signal: AbortSignal): Promise<Opened> {
    const { endpoint, held, handlers, shared, dependencies } = this.#options;
    const { egress, limits, clock } = dependencies;
    const credential = () => held.credential;
    const pipe = await openSsePipe({ egress, endpoint, credential, limits, clock, signal });
    const transport = new PipeTransport(pipe, () => pipe.secrets, { shared });
    const link = new Link({ transport, era: "legacy", dependencies, handlers });
    try {
      return { link, record: await link.initialise(signal), pipe };
    } catch (failure) {
      await transport.close();
      throw failure;
    }
  }

  /**
   * Goes on from a record: nothing is sent. A legacy server that has made no session keeps none, so that each request
   * stands for itself and no handshake need come before it again (MCP 2025-11-25, session management). One that would
   * rather have one by now refuses the first request.
   */
  async resume(record: ParkedSession, signal: AbortSignal): Promise<Opened> {
    const { era } = record;
    const opened = await this.#attempt(era, signal, async () => record, record);
    const assumed =
      era === "modern" ? this.#options.endpoint.era === undefined : record.sessionId === undefined;
    return { ...opened, assumed };
  }

  /** Ends the handshake; what comes next need not wait for it, unless the server is known to mind. */
  async finish(opened: Opened, inOrder: boolean, signal: AbortSignal): Promise<Opened> {
    const telling = opened.link.finish();
    if (!inOrder) return { ...opened, handshakeEnd: telling.catch(() => {}) };
    try {
      await raceAbort(telling, signal);
      return opened;
    } catch (failure) {
      await this.leave(opened);
      throw failure;
    }
  }

  /** Ends what was opened, and its session with it; never rejects, and takes no longer than closing may. */
  async leave({ link, http }: Pick<Opened, "link" | "http">): Promise<void> {
    const { limits, clock } = this.#options.dependencies;
    await link.transport.close();
    await atMost({ clock, timeoutMs: limits.closeTimeoutMs }, async (signal) => http?.endSession(signal));
  }

  async #attempt(
    era: Era,
    signal: AbortSignal,
    handshake: Handshake,
    session?: KnownSession,
  ): Promise<Opened> {
    const { endpoint, held, handlers, shared, dependencies } = this.#options;
    const { limits, clock } = dependencies;
    const destination = dependencies.destinationOf(endpoint);
    const http = new HttpTransport({ destination, endpoint, held, era, dependencies, session, shared });
    const link = new Link({ transport: http, era, dependencies, handlers });
    const left = new AbortController();
    const leave = async () => {
      // An `initialize` that is under way may make a session, and only its answer tells which one is to be ended.
      if (era === "legacy") await atMost({ clock, timeoutMs: limits.closeTimeoutMs }, () => http.making);
      left.abort(signal.reason);
      await http.close();
    };
    const abandon = () => void leave();
    signal.addEventListener("abort", abandon, { once: true });
    try {
      signal.throwIfAborted();
      const record = await handshake(link, left.signal);
      if (record === undefined) throw notModern();
      signal.throwIfAborted();
      return { link, record, http };
    } catch (failure) {
      await this.leave({ link, http });
      throw signal.aborted ? signal.reason : failure;
    } finally {
      signal.removeEventListener("abort", abandon);
    }
  }
}

/** Whether a server knows no POST to its url, as far as its answer tells. */
function isUnknownPost(failure: unknown): boolean {
  if (!(failure instanceof TenantryError) || failure.code !== "SERVER_ERROR") return false;
  return failure.rpc === undefined && [400, 404, 405].includes(failure.status ?? 0);
}

function notModern(): TenantryError {
  return new TenantryError("PROTOCOL_VIOLATION", "The server offers no protocol revision of the modern era.");
}
