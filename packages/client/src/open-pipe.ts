import {
  TenantryError,
  type CloseReason,
  type Credential,
  type Era,
  type Pipe,
  type PipeEndpoint,
  type Secret,
} from "@tenantry/core";
import { atMost } from "./at-most.ts";
import { EraDoubt } from "./era-doubt.ts";
import { meansModern } from "./era-evidence.ts";
import type { EraVerdicts } from "./era-verdicts.ts";
import { Link, type ServerFacts } from "./link.ts";
import { McpConnection, type ConnectionEnds } from "./mcp-connection.ts";
import type { OpenDependencies } from "./open-http.ts";
import { PipeTransport } from "./pipe-transport.ts";

interface Opened {
  readonly pipe: Pipe;
  readonly link: Link;
  readonly facts: ServerFacts;
  /** Whether the server was not asked, because its era was remembered. */
  readonly assumed?: boolean;
}

type Handshake = (link: Link) => Promise<ServerFacts>;

/**
 * How long a pipe may take to close, in milliseconds: a child is ended by the end of its stdin, then by SIGTERM, then by
 * force, each with a grace of its own, and takes 2.5 s of it by default.
 */
export const pipeCloseTimeoutMs = 10_000;

/**
 * Opens a connection over a pipe. Nearly every stdio server is a legacy one, so it begins with `initialize`; one that
 * refuses that as modern servers do may be unusable after it, so it gets a fresh pipe. No pipe is left open on failure.
 */
export async function openPipe(
  endpoint: PipeEndpoint,
  credential: Credential | undefined,
  signal: AbortSignal,
  dependencies: OpenDependencies,
): Promise<McpConnection> {
  const { verdicts, clock, limits } = dependencies;
  const attempt = (handshake: Handshake) =>
    attemptPipe(endpoint, credential?.env ?? {}, handshake, signal, dependencies);
  const opened = await negotiate(endpoint, verdicts, signal, attempt);
  const { link, facts, assumed = false } = opened;
  const ends = new PipeEnds(credential, opened);
  const doubt = new EraDoubt({ endpoint, era: facts.era, assumed, verdicts });
  return new McpConnection({ link, facts, ends, doubt, clock, limits });
}

async function negotiate(
  endpoint: PipeEndpoint,
  verdicts: EraVerdicts,
  signal: AbortSignal,
  attempt: (handshake: Handshake) => Promise<Opened>,
): Promise<Opened> {
  const known: Era | undefined = endpoint.era ?? verdicts.get(endpoint);
  if (known === "modern") {
    const opened = await attempt((link) => link.assumeModern());
    return { ...opened, assumed: endpoint.era === undefined };
  }
  try {
    const opened = await attempt((link) => link.initialise(signal));
    verdicts.set(endpoint, "legacy");
    return opened;
  } catch (failure) {
    if (endpoint.era !== undefined || !meansModern(failure)) throw failure;
    const opened = await attempt((link) => discover(link, failure, signal));
    verdicts.set(endpoint, "modern");
    return opened;
  }
}

/** Asks for more than the refusal of `initialize`: that alone could come from something that is no MCP server. */
async function discover(link: Link, refusal: unknown, signal: AbortSignal): Promise<ServerFacts> {
  await link.assumeModern();
  const facts = await link.discover(signal);
  if (facts === undefined) throw refusal;
  return facts;
}

async function attemptPipe(
  endpoint: PipeEndpoint,
  env: Readonly<Record<string, Secret>>,
  handshake: Handshake,
  signal: AbortSignal,
  { clientInfo, clock }: OpenDependencies,
): Promise<Opened> {
  const pipe = await start(endpoint, env, signal);
  const secrets = Object.values(env).map((value) => value.reveal());
  const link = new Link(new PipeTransport(pipe, secrets), clientInfo);
  try {
    const facts = await handshake(link);
    signal.throwIfAborted();
    return { pipe, link, facts };
  } catch (failure) {
    // Waited for, so that a caller who has the error finds nothing running.
    await atMost({ clock, timeoutMs: pipeCloseTimeoutMs }, () => link.close());
    throw signal.aborted ? signal.reason : failure;
  }
}

async function start(
  endpoint: PipeEndpoint,
  env: Readonly<Record<string, Secret>>,
  signal: AbortSignal,
): Promise<Pipe> {
  signal.throwIfAborted();
  let pipe: Pipe;
  try {
    pipe = await endpoint.open({ env, signal });
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    if (cause instanceof TenantryError) throw cause;
    throw new TenantryError("CONNECT_FAILED", "The pipe to the server could not be opened; see the cause.", {
      cause,
    });
  }
  if (!signal.aborted) return pipe;
  await pipe.close();
  throw signal.reason;
}

class PipeEnds implements ConnectionEnds {
  readonly lost: Promise<CloseReason>;
  readonly closeTimeoutMs = pipeCloseTimeoutMs;
  #credential: Credential | undefined;

  constructor(credential: Credential | undefined, { pipe }: Opened) {
    this.#credential = credential;
    const { promise, resolve } = Promise.withResolvers<CloseReason>();
    this.lost = promise;
    void pipe.closed.then((reason) => reason.kind === "lost" && resolve(reason));
  }

  /** A child's environment cannot change: only a credential that brings none of its own is taken. */
  adopt(next: Credential): boolean {
    const held = this.#credential;
    if (held?.subject !== next.subject) return false;
    const hasVariables = [held, next].some(({ env = {} }) => Object.keys(env).length > 0);
    if (held.generation !== next.generation && hasVariables) return false;
    this.#credential = next;
    return true;
  }

  sessionId(): undefined {
    return undefined;
  }

  async endSession(): Promise<void> {}
}
