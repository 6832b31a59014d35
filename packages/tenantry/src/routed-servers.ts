import { originOf } from "@tenantry/core";
import type {
  CredentialDependencies,
  CredentialProvider,
  CredentialSource,
  ServerDefinition,
  ServerId,
} from "@tenantry/core";
import { combine, createFingerprint } from "@tenantry/credentials";
import { processTable } from "@tenantry/process";
import {
  createConnectIdentity,
  digestDefinition,
  type ConnectIdentity,
  type RoutedServer,
} from "@tenantry/router";
import type { Keeping } from "./keeping.ts";
import type { CheckedServers } from "./options.ts";
import { wayOut, type GuardedEgress } from "./way-out.ts";
import { upstreamOf, type HostingOptions } from "./upstreams.ts";

/** What binding a definition takes. */
export interface RoutingDependencies extends CredentialDependencies, HostingOptions {
  /** Tells the functions of in-process servers apart. */
  readonly identify: ConnectIdentity;
  readonly egress: GuardedEgress;
}

/** The servers of a workspace, each bound to its upstream and its credentials. */
export interface BoundServers {
  readonly routed: readonly RoutedServer[];
  /** What was bound for each, users' first; none where it asks for nothing. */
  readonly providers: ReadonlyMap<ServerId, readonly CredentialProvider[]>;
}

/** Draws what is one instance's own: the key of its fingerprints, the names of its in-process servers, and its look at its children. */
export function createRoutingDependencies(
  given: Pick<RoutingDependencies, "egress" | "clock" | "limits"> & Keeping,
): RoutingDependencies {
  const processes = processTable();
  return Object.freeze({
    ...given,
    fetch: given.egress.fetch,
    fingerprint: createFingerprint(),
    identify: createConnectIdentity(),
    processes,
  });
}

/** Binds every definition to its upstream and its credentials, once for all workspaces that use it. */
export function bindServers(servers: CheckedServers, dependencies: RoutingDependencies): BoundServers {
  const providers = new Map<ServerId, readonly CredentialProvider[]>();
  const routed = [...servers].map(([id, definition]) => {
    const { credential, discovery } = definition;
    const parts = { ...dependencies, ...wayOut(dependencies.egress, definition) };
    const own = credential && bind(credential, parts);
    const before = discovery === undefined || discovery === "anonymous" ? undefined : bind(discovery, parts);
    providers.set(
      id,
      [own, before].filter((provider) => provider !== undefined),
    );
    return routeServer(id, definition, dependencies, { own, before });
  });
  return Object.freeze({ routed: Object.freeze(routed), providers });
}

function routeServer(
  id: ServerId,
  definition: ServerDefinition,
  { clock, limits, processes, identify }: RoutingDependencies,
  { own, before }: Readonly<Record<"own" | "before", CredentialProvider | undefined>>,
): RoutedServer {
  const { share = "user", timeoutMs, url } = definition;
  const digest = digestDefinition(definition, identify);
  return Object.freeze({
    ref: Object.freeze({
      id,
      digest,
      ...(url !== undefined && { origin: originOf(url), url: new URL(url).href }),
    }),
    share,
    upstream: upstreamOf(definition, { clock, limits, processes }),
    ...(own && { credentials: own }),
    ...(definition.discovery && { discovery: before === undefined ? {} : { credentials: before } }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
}

function bind(
  credential: CredentialSource | readonly CredentialSource[],
  dependencies: CredentialDependencies,
): CredentialProvider {
  const source = "bind" in credential ? credential : combine(credential);
  return source.bind(dependencies);
}
