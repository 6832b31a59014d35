import {
  systemClock,
  fillLimits,
  originOf,
  TenantryError,
  withDeadline,
  type Clock,
  type Connection,
  type Connector,
  type Credential,
  type Endpoint,
  type HttpEndpoint,
  type Implementation,
  type JsonObject,
  type OpenOptions,
  type ParkedSession,
} from "@tenantry/core";
import type { Egress } from "@tenantry/egress";
import manifest from "../package.json" with { type: "json" };
import { atMost } from "./at-most.ts";
import { EraVerdicts } from "./era/era-verdicts.ts";
import { handshakeFailure } from "./failure.ts";
import { defaultClientLimits, type ClientLimits } from "./limits.ts";
import { openHttp } from "./http/open-http.ts";
import { Envelopes } from "./envelope.ts";
import { OutputSchemas } from "./schema/output-schemas.ts";
import { RequestIds } from "./link.ts";
import { openPipe, pipeCloseTimeoutMs } from "./pipe/open-pipe.ts";
import type { Destination, OpenDependencies } from "./opened.ts";
import { RoutingHeaders } from "./http/routing-headers.ts";
import { SharedFacts } from "./shared-facts.ts";

/** What a connector works with. */
export interface ConnectorOptions {
  /** Through which every HTTP request goes. */
  readonly egress: Pick<Egress, "exchange" | "target">;
  /** How it introduces itself to servers; defaults to `tenantry` and this package's version. */
  readonly clientInfo?: Implementation;
  /** What every request says in its `_meta`; what a request is given to say itself comes first. Defaults to nothing. */
  readonly meta?: JsonObject;
  readonly limits?: Partial<ClientLimits>;
  /** Defaults to the real clock. */
  readonly clock?: Clock;
}

/**
 * Creates what opens MCP connections. It keeps none of them; it remembers which era each server speaks, which is the
 * server's own and may be shared, and output schemas and what servers say of themselves by their content. Throws
 * `CONFIG_INVALID` for a limit that is not a positive number.
 */
export function createConnector(options: ConnectorOptions): Connector<Connection, ParkedSession> {
  const { egress, clock = systemClock } = options;
  const clientInfo = Object.freeze({ name: "tenantry", version: manifest.version, ...options.clientInfo });
  const limits = fillLimits(options.limits, defaultClientLimits);
  const verdicts = new EraVerdicts({ ...limits, clock });
  const schemas = new OutputSchemas(limits);
  const facts = new SharedFacts();
  const dependencies: OpenDependencies = {
    ...{ egress, clientInfo, limits, clock, verdicts, schemas, facts },
    destinationOf: destinationsOf(egress),
    routing: new RoutingHeaders(),
    envelopes: new Envelopes({ clientInfo, meta: options.meta }),
    ids: new RequestIds(),
  };
  return Object.freeze({
    open: (endpoint: Endpoint, credential: Credential | undefined, how: OpenOptions<ParkedSession>) =>
      open(endpoint, credential, how, dependencies),
  });
}

/** Has each endpoint's URL checked once, for as long as there is the endpoint. */
function destinationsOf(egress: Pick<Egress, "target">): OpenDependencies["destinationOf"] {
  const destinations = new WeakMap<HttpEndpoint, Destination>();
  return (endpoint) => {
    const known = destinations.get(endpoint);
    if (known !== undefined) return known;
    const origins = Object.freeze([originOf(endpoint.url)]);
    const destination = { target: egress.target(endpoint), origins };
    destinations.set(endpoint, destination);
    return destination;
  };
}

async function open(
  endpoint: Endpoint,
  credential: Credential | undefined,
  { resume, handlers, shared, signal: caller }: OpenOptions<ParkedSession>,
  dependencies: OpenDependencies,
): Promise<Connection> {
  const { clock, limits } = dependencies;
  const timeoutMs = limits.handshakeTimeoutMs;
  const expired = () => {
    const message = `The connection was not open within ${timeoutMs} ms; see whether the server answers, or allow more.`;
    return new TenantryError("TIMEOUT", message, { retryable: true });
  };
  let opening: Promise<Connection> | undefined;
  const begin = (signal: AbortSignal) =>
    endpoint.kind === "http"
      ? openHttp(endpoint, credential, { resume, handlers, shared, signal }, dependencies)
      : openPipe(endpoint, credential, { handlers, shared, signal }, dependencies);
  try {
    return await withDeadline(
      { clock, timeoutMs, expired, signal: caller },
      (signal) => (opening = begin(signal)),
    );
  } catch (failure) {
    // Whoever hears that it failed finds nothing left of it: no session, no process, no connection that came too late.
    const cleaningMs = endpoint.kind === "http" ? 2 * limits.closeTimeoutMs : pipeCloseTimeoutMs;
    await atMost({ clock, timeoutMs: cleaningMs }, async () => (await opening)?.close());
    throw caller?.aborted ? caller.reason : handshakeFailure(failure);
  }
}
