import type {
  Clock,
  Endpoint,
  HttpEndpoint,
  Implementation,
  Origin,
  ParkedSession,
  Pipe,
} from "@tenantry/core";
import type { Egress, Target } from "@tenantry/egress";
import { EraDoubt } from "./era/era-doubt.ts";
import type { Envelopes } from "./envelope.ts";
import type { EraVerdicts } from "./era/era-verdicts.ts";
import type { HttpTransport } from "./http/http-transport.ts";
import type { ClientLimits } from "./limits.ts";
import type { Link, RequestIds } from "./link.ts";
import { McpConnection, type ConnectionEnds } from "./mcp-connection.ts";
import { ParamHeaders } from "./http/param-headers.ts";
import type { OutputSchemas } from "./schema/output-schemas.ts";
import { Repairs } from "./repairs.ts";
import { Results } from "./results.ts";
import type { RoutingHeaders } from "./http/routing-headers.ts";
import type { SharedFacts } from "./shared-facts.ts";

/** Where an endpoint's requests go, checked once for all its connections. */
export interface Destination {
  readonly target: Target;
  /** The server's own origin, and nothing else: what is secret goes nowhere else. */
  readonly origins: readonly Origin[];
}

/** What opening works with. */
export interface OpenDependencies {
  readonly egress: Pick<Egress, "exchange">;
  readonly destinationOf: (endpoint: HttpEndpoint) => Destination;
  readonly routing: RoutingHeaders;
  readonly clientInfo: Implementation;
  readonly envelopes: Envelopes;
  readonly ids: RequestIds;
  readonly limits: ClientLimits;
  readonly clock: Clock;
  readonly verdicts: EraVerdicts;
  readonly schemas: OutputSchemas;
  readonly facts: SharedFacts;
}

/** One way to a server, and what was agreed on there. */
export interface Opened {
  readonly link: Link;
  /** What another connection would go on from, but for the session. */
  readonly record: ParkedSession;
  /** Whether the server was not asked, because of what was remembered of it, and may be another by now. */
  readonly assumed?: boolean;
  /**
   * Resolves when the server has taken the end of a legacy handshake, or refused to: what a refusal means, the next
   * request tells. It is on its way while the first requests already are, on a socket of its own, so that they can
   * overtake it: two round trips instead of three.
   */
  readonly handshakeEnd?: Promise<void>;
  /** The transport, where it is one of single requests. */
  readonly http?: HttpTransport;
  /** The pipe, where it is one. */
  readonly pipe?: Pipe;
}

/** Makes a connection of what was opened. */
export function connectionOf(
  { link, record, assumed = false, handshakeEnd, http }: Opened,
  ends: ConnectionEnds,
  endpoint: Endpoint,
  dependencies: OpenDependencies,
): McpConnection {
  const { verdicts, schemas } = dependencies;
  const { era } = record;
  const paramHeaders = era === "modern" && http !== undefined ? new ParamHeaders() : undefined;
  const complete = completed(record, http?.sessionId, dependencies.facts);
  return new McpConnection({
    link,
    record: complete,
    ends,
    doubt: new EraDoubt({ endpoint, era, assumed, verdicts }),
    repairs: new Repairs({ endpoint, verdicts, handshakeEnd, paramHeaders }),
    results: new Results({ declared: complete.facts?.capabilities, schemas, paramHeaders }),
    dependencies,
  });
}

/** The record with its session, and with facts that others may hold too. */
function completed(record: ParkedSession, sessionId: string | undefined, shared: SharedFacts): ParkedSession {
  const { era, protocolVersion } = record;
  if (era === "legacy") {
    const facts = shared.of(record.facts);
    return Object.freeze({ era, protocolVersion, facts, ...(sessionId !== undefined && { sessionId }) });
  }
  const facts = record.facts && shared.of(record.facts);
  return Object.freeze({ era, protocolVersion, ...(facts && { facts }) });
}
