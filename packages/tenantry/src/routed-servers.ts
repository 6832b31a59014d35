import { originOf, upstreamsOf } from "@tenantry/core";
import type {
  CredentialDependencies,
  CredentialProvider,
  CredentialSource,
  DirectServer,
  ServerDefinition,
  ServerId,
} from "@tenantry/core";
import { combine, createFingerprint } from "@tenantry/credentials";
import { processTable } from "@tenantry/process";
import {
  createConnectIdentity,
  digestDefinition,
  digestLaunch,
  type BoundServer,
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
  /** The sources that others' definitions may name, each with what was bound for all of them. */
  readonly named: WeakMap<CredentialSource, CredentialProvider>;
}

/** A server bound to its upstreams and its credentials. */
interface BoundDefinition {
  readonly server: BoundServer;
  /** What was bound for it, users' first; none where it asks for nothing. */
  readonly providers: readonly CredentialProvider[];
}

/** The servers of a workspace. */
export interface BoundServers {
  readonly servers: readonly BoundServer[];
  readonly providers: readonly CredentialProvider[];
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
    named: new WeakMap<CredentialSource, CredentialProvider>(),
  });
}

/** Binds every definition to its upstreams and its credentials, once for all workspaces that use it. */
export function bindServers(servers: CheckedServers, dependencies: RoutingDependencies): BoundServers {
  const bound = [...servers].map(([id, definition]) => bindServer(id, definition, dependencies));
  return Object.freeze({
    servers: Object.freeze(bound.map(({ server }) => server)),
    providers: bound.flatMap(({ providers }) => providers),
  });
}

/** Binds one definition. */
export function bindServer(
  id: ServerId,
  definition: ServerDefinition,
  dependencies: RoutingDependencies,
): BoundDefinition {
  if (definition.upstreams === undefined) return bindDirectly(id, definition, dependencies);
  const { share = "user", route } = definition;
  const upstreams = [...upstreamsOf(definition)].map(
    ([name, upstream]) => [name, bindDirectly(id, upstream, dependencies)] as const,
  );
  const server = Object.freeze({
    ref: Object.freeze({ id, digest: digestDefinition(definition, dependencies.identify) }),
    ...{ share, route, upstreams: new Map(upstreams.map(([name, bound]) => [name, bound.server])) },
    ...saidOfWhole(definition),
  });
  return { server, providers: upstreams.flatMap(([, { providers }]) => providers) };
}

function bindDirectly(
  id: ServerId,
  definition: DirectServer,
  dependencies: RoutingDependencies,
): BoundDefinition & { readonly server: RoutedServer } {
  const { credential, discovery } = definition;
  const own = credential && bind(credential, definition, dependencies);
  const before =
    discovery === undefined || discovery === "anonymous"
      ? undefined
      : bind(discovery, definition, dependencies);
  const providers = [own, before].filter((provider) => provider !== undefined);
  return { server: routeServer(id, definition, dependencies, { own, before }), providers };
}

function routeServer(
  id: ServerId,
  definition: DirectServer,
  { clock, limits, processes, identify }: RoutingDependencies,
  { own, before }: Readonly<Record<"own" | "before", CredentialProvider | undefined>>,
): RoutedServer {
  const { share = "user", url } = definition;
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
    ...saidOfWhole(definition),
  });
}

/** What holds for a server however it is reached. */
function saidOfWhole(definition: ServerDefinition) {
  const { timeoutMs, trust } = definition;
  return {
    launch: digestLaunch(definition),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(trust?.annotations === true && { trustsAnnotations: true }),
  };
}

/** A source that the host names for others' definitions is bound once, whichever of them names it. */
export function bindNamed(source: CredentialSource, dependencies: RoutingDependencies): CredentialProvider {
  const { named, egress } = dependencies;
  const known = named.get(source);
  if (known !== undefined) return known;
  const provider = source.bind({ ...dependencies, ...wayOut(egress, undefined) });
  named.set(source, provider);
  return provider;
}

function bind(
  credential: CredentialSource | readonly CredentialSource[],
  definition: DirectServer,
  dependencies: RoutingDependencies,
): CredentialProvider {
  const source = "bind" in credential ? credential : combine(credential);
  if (dependencies.named.has(source) && definition.provenance === "foreign")
    return bindNamed(source, dependencies);
  return source.bind({ ...dependencies, ...wayOut(dependencies.egress, definition) });
}
