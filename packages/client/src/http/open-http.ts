import {
  type Clock,
  type Credential,
  type HttpEndpoint,
  type OpenOptions,
  type ParkedSession,
} from "@tenantry/core";
import { modernVersion } from "../envelope.ts";
import { doubtsLegacy, meansLegacy } from "../era/era-evidence.ts";
import { HttpEnds } from "./http-ends.ts";
import { HttpOpening } from "./http-opening.ts";
import type { McpConnection } from "../mcp-connection.ts";
import { connectionOf, type OpenDependencies, type Opened } from "../opened.ts";
import { pause } from "../pause.ts";
import { checkOrigin } from "./request-headers.ts";

/** Opens a connection over HTTP in the era that the server speaks; leaves nothing behind where it fails. */
export async function openHttp(
  endpoint: HttpEndpoint,
  credential: Credential | undefined,
  { resume, handlers, shared, signal }: OpenOptions<ParkedSession> & { readonly signal: AbortSignal },
  dependencies: OpenDependencies,
): Promise<McpConnection> {
  checkOrigin(endpoint, credential);
  const held = { credential };
  const opening = new HttpOpening({ endpoint, held, handlers, shared, dependencies });
  const negotiation = new Negotiation(endpoint, opening, signal, dependencies);
  const opened =
    resume !== undefined && fits(resume, endpoint)
      ? await opening.resume(resume, signal)
      : await negotiation.run();
  const { closeTimeoutMs } = dependencies.limits;
  const ends = new HttpEnds(endpoint, held, opened, { closeTimeoutMs, leftovers: negotiation.leftovers });
  const connection = connectionOf(opened, ends, endpoint, dependencies);
  if (handlers !== undefined) await attend(connection, dependencies.clock, signal);
  return connection;
}

/** Whether a record is one to go on from. Whether its server is still what it was, only a request tells. */
function fits({ era, protocolVersion }: ParkedSession, endpoint: HttpEndpoint): boolean {
  if (era === "modern" && protocolVersion !== modernVersion) return false;
  return endpoint.era === undefined || endpoint.era === era;
}

/** Lets the server ask; it is waited for a little, because what is asked before there is a stream is lost. */
async function attend(connection: McpConnection, clock: Clock, signal: AbortSignal): Promise<void> {
  const waiting = new AbortController();
  const patience = pause(clock, patienceMs, AbortSignal.any([signal, waiting.signal])).catch(() => {});
  await Promise.race([connection.attend(), patience]);
  waiting.abort();
}

/** How long a legacy server's other answers are waited for once it has been initialised, in milliseconds. */
const patienceMs = 1_000;

/**
 * Finds out in which era a server is spoken to. One that is not known is asked both questions at once, so that nobody
 * waits for the wrong one; where both are answered well, the modern era is spoken and the session is given back.
 */
class Negotiation {
  readonly #endpoint: HttpEndpoint;
  readonly #opening: HttpOpening;
  readonly #signal: AbortSignal;
  readonly #dependencies: OpenDependencies;
  #leftovers: Promise<void> | undefined;

  constructor(
    endpoint: HttpEndpoint,
    opening: HttpOpening,
    signal: AbortSignal,
    dependencies: OpenDependencies,
  ) {
    this.#endpoint = endpoint;
    this.#opening = opening;
    this.#signal = signal;
    this.#dependencies = dependencies;
  }

  /** Settles when nothing is left of the question whose answer was not needed. */
  get leftovers(): Promise<void> | undefined {
    return this.#leftovers;
  }

  async run(): Promise<Opened> {
    const { verdicts } = this.#dependencies;
    const { era } = this.#endpoint;
    const verdict = verdicts.get(this.#endpoint);
    switch (era ?? verdict?.era) {
      case "modern":
        return { ...(await this.#opening.assumeModern(this.#signal)), assumed: era === undefined };
      case "legacy":
        try {
          const opened =
            verdict?.isSse === true
              ? this.#opening.initialiseSse(this.#signal)
              : this.#opening.initialise(this.#signal);
          return await this.#finish(await opened);
        } catch (failure) {
          if (era !== undefined || this.#signal.aborted || !doubtsLegacy(failure)) throw failure;
          verdicts.drop(this.#endpoint);
          return this.#ask();
        }
      case undefined:
        return this.#ask();
    }
  }

  /** Asks both questions. What the server says of itself stays with this connection; only the era is remembered. */
  async #ask(): Promise<Opened> {
    const { verdicts } = this.#dependencies;
    const needless = new AbortController();
    const until = AbortSignal.any([this.#signal, needless.signal]);
    const modern = this.#opening.discover(until);
    const legacy = this.#opening.initialise(until);
    const discard = (loser: Promise<Opened>) => {
      needless.abort();
      this.#leftovers = loser.then(
        (opened) => this.#opening.leave(opened),
        () => {},
      );
    };
    const word = await this.#word(modern, legacy, until);
    if ("opened" in word) {
      verdicts.set(this.#endpoint, { era: "modern" });
      discard(legacy);
      return word.opened;
    }
    try {
      const opened = await this.#finish(await legacy);
      // Trouble with the question says nothing about the era, so that it is asked again the next time.
      if (meansLegacy(word.failure)) verdicts.set(this.#endpoint, { era: "legacy" });
      discard(modern);
      return opened;
    } catch (refusal) {
      needless.abort();
      await Promise.allSettled([modern, legacy]);
      throw word.failure === undefined || meansLegacy(word.failure) ? refusal : word.failure;
    }
  }

  /** What came of asking for a modern server; nothing, where a legacy one has long answered. */
  async #word(
    modern: Promise<Opened>,
    legacy: Promise<Opened>,
    until: AbortSignal,
  ): Promise<{ readonly opened: Opened } | { readonly failure: unknown }> {
    const word = modern.then(
      (opened) => ({ opened }),
      (failure: unknown) => ({ failure }),
    );
    const silence = legacy
      .then(() => pause(this.#dependencies.clock, patienceMs, until))
      .then(
        () => ({ failure: undefined }),
        () => word,
      );
    return Promise.race([word, silence]);
  }

  #finish(opened: Opened): Promise<Opened> {
    const { verdicts } = this.#dependencies;
    if (opened.pipe !== undefined) verdicts.set(this.#endpoint, { era: "legacy", isSse: true });
    const inOrder = verdicts.get(this.#endpoint)?.inOrder === true;
    return this.#opening.finish(opened, inOrder, this.#signal);
  }
}
