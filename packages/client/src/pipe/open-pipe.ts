import {
  TenantryError,
  type CloseReason,
  type Credential,
  type Era,
  type OpenOptions,
  type ParkedSession,
  type Pipe,
  type PipeEndpoint,
  type Secret,
} from "@tenantry/core";
import { atMost } from "../at-most.ts";
import { meansModern } from "../era/era-evidence.ts";
import type { EraVerdicts } from "../era/era-verdicts.ts";
import { lossOf } from "../http/http-ends.ts";
import { Link } from "../link.ts";
import type { ConnectionEnds } from "../connection-ends.ts";
import type { McpConnection } from "../mcp-connection.ts";
import { connectionOf, type OpenDependencies, type Opened } from "../opened.ts";
import { PipeTransport } from "./pipe-transport.ts";
import { withParts } from "../http/request-headers.ts";

type Piped = Opened & { readonly pipe: Pipe };
type Handshake = (link: Link) => Promise<ParkedSession>;
type OpenPipeOptions = OpenOptions<ParkedSession> & { readonly signal: AbortSignal };

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
  { handlers, shared, signal }: OpenPipeOptions,
  dependencies: OpenDependencies,
): Promise<McpConnection> {
  const attempt = (era: Era, handshake: Handshake) =>
    attemptPipe(endpoint, credential?.env ?? {}, { era, handshake, handlers, shared, signal }, dependencies);
  const opened = await negotiate(endpoint, dependencies.verdicts, signal, attempt);
  return connectionOf(opened, new PipeEnds(credential, opened.pipe), endpoint, dependencies);
}

async function negotiate(
  endpoint: PipeEndpoint,
  verdicts: EraVerdicts,
  signal: AbortSignal,
  attempt: (era: Era, handshake: Handshake) => Promise<Piped>,
): Promise<Piped> {
  const known: Era | undefined = endpoint.era ?? verdicts.get(endpoint)?.era;
  if (known === "modern") {
    const opened = await attempt("modern", async (link) => link.assumeModern());
    return { ...opened, assumed: endpoint.era === undefined };
  }
  try {
    const opened = await attempt("legacy", (link) => initialise(link, signal));
    verdicts.set(endpoint, { era: "legacy" });
    return opened;
  } catch (failure) {
    if (endpoint.era !== undefined || !meansModern(failure)) throw failure;
    const opened = await attempt("modern", (link) => discover(link, failure, signal));
    verdicts.set(endpoint, { era: "modern" });
    return opened;
  }
}

/** A pipe keeps its order, so that nothing can overtake the end of the handshake. */
async function initialise(link: Link, signal: AbortSignal): Promise<ParkedSession> {
  const record = await link.initialise(signal);
  await link.finish();
  return record;
}

/** Asks for more than the refusal of `initialize`: that alone could come from something that is no MCP server. */
async function discover(link: Link, refusal: unknown, signal: AbortSignal): Promise<ParkedSession> {
  link.assumeModern();
  const record = await link.discover(signal);
  if (record === undefined) throw refusal;
  return record;
}

async function attemptPipe(
  endpoint: PipeEndpoint,
  env: Readonly<Record<string, Secret>>,
  {
    era,
    handshake,
    handlers,
    shared,
    signal,
  }: OpenPipeOptions & { readonly era: Era; readonly handshake: Handshake },
  dependencies: OpenDependencies,
): Promise<Piped> {
  const pipe = await start(endpoint, env, signal);
  const secrets = () => Object.values(env).flatMap((value) => withParts(value.reveal()));
  const transport = new PipeTransport(pipe, secrets, { shared });
  const link = new Link({ transport, era, dependencies, handlers });
  try {
    const record = await handshake(link);
    signal.throwIfAborted();
    return { pipe, link, record };
  } catch (failure) {
    // Waited for, so that a caller who has the error finds nothing running.
    await atMost({ clock: dependencies.clock, timeoutMs: pipeCloseTimeoutMs }, () => transport.close());
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
  /** What a server remembers of a pipe goes with it. */
  readonly retire = undefined;
  /** What it was opened with, or has adopted, as that was then: a provider may bring one object up to date. */
  #held: Pick<Credential, "subject" | "generation"> | undefined;
  #hasVariables: boolean;

  constructor(credential: Credential | undefined, pipe: Pipe) {
    this.#held = credential && namesOf(credential);
    this.#hasVariables = hasVariables(credential);
    this.lost = lossOf(pipe.closed);
  }

  get subject(): string | undefined {
    return this.#held?.subject;
  }

  /** A child's environment cannot change: only a credential that brings none of its own is taken. */
  adopt(next: Credential): boolean {
    const held = this.#held;
    if (held?.subject !== next.subject) return false;
    const changes = this.#hasVariables || hasVariables(next);
    if (held.generation !== next.generation && changes) return false;
    this.#held = namesOf(next);
    this.#hasVariables = hasVariables(next);
    return true;
  }

  async endSession(): Promise<void> {}
}

function namesOf({ subject, generation }: Credential): Pick<Credential, "subject" | "generation"> {
  return { subject, generation };
}

function hasVariables(credential: Credential | undefined): boolean {
  return Object.keys(credential?.env ?? {}).length > 0;
}
