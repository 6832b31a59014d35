import type { Clock, Endpoint, HttpEndpoint, Implementation, ParkedSession, Pipe } from "@tenantry/core";
import type { Egress, Target } from "@tenantry/egress";
import { EraDoubt } from "./era/era-doubt.ts";
import type { EraVerdicts } from "./era/era-verdicts.ts";
import type { HandshakeEnd } from "./http/handshake-end.ts";
import type { HttpTransport } from "./http/http-transport.ts";
import { LegacySubscriptions } from "./subscription/legacy-subscriptions.ts";
import type { ClientLimits } from "./limits.ts";
import type { Link, RequestIds } from "./link.ts";
import { McpConnection, type ConnectionEnds } from "./mcp-connection.ts";
import { ModernSubscriptions } from "./subscription/modern-subscriptions.ts";
import { ParamHeaders } from "./http/param-headers.ts";
import type { OutputSchemas } from "./schema/output-schemas.ts";
import { Repairs } from "./repairs.ts";
import { Results } from "./results.ts";
import type { RoutingHeaders } from "./http/routing-headers.ts";
import { ServerRequests } from "./asking/server-requests.ts";
import type { SharedFacts } from "./shared-facts.ts";

/** What opening works with. */
export interface OpenDependencies {
  readonly egress: Pick<Egress, "exchange">;
  /** Where an endpoint's requests go, checked once for all its connections. */
  readonly targetOf: (endpoint: HttpEndpoint) => Target;
  readonly routing: RoutingHeaders;
  readonly clientInfo: Implementation;
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
  /** The end of a handshake that may still be on its way. */
  readonly handshakeEnd?: HandshakeEnd;
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
  { clientInfo, limits, clock, verdicts, schemas, facts }: OpenDependencies,
): McpConnection {
  const { era } = record;
  const paramHeaders = era === "modern" && http !== undefined ? new ParamHeaders() : undefined;
  const { transport, handlers } = link;
  return new McpConnection({
    ...{ link, ends, clock, limits },
    record: complete(record, http?.sessionId, facts),
    doubt: new EraDoubt({ endpoint, era, assumed, verdicts }),
    repairs: new Repairs({ endpoint, verdicts, handshakeEnd, paramHeaders }),
    results: new Results({ declared: record.facts?.capabilities ?? {}, schemas, paramHeaders }),
    answering: () => new ServerRequests({ clientInfo, transport, handlers }),
    subscriptions: (connection) =>
      era === "modern"
        ? new ModernSubscriptions({ link, clock, limits })
        : new LegacySubscriptions({
            request: (method, uri, signal) => connection.run(method, { uri }, { signal }),
            openStream: http && ((signal) => http.openStream(signal)),
            clock,
          }),
  });
}

/** The record with its session, and with facts that others may hold too. */
function complete(record: ParkedSession, sessionId: string | undefined, shared: SharedFacts): ParkedSession {
  const { era, protocolVersion } = record;
  if (era === "legacy") {
    const facts = shared.of(record.facts);
    return Object.freeze({ era, protocolVersion, facts, ...(sessionId !== undefined && { sessionId }) });
  }
  const facts = record.facts && shared.of(record.facts);
  return Object.freeze({ era, protocolVersion, ...(facts && { facts }) });
}
