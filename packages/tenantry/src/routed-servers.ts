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
import type { CheckedServers } from "./options.ts";
import { upstreamOf, type HostingOptions } from "./upstreams.ts";

/** What binding a definition takes. */
export interface RoutingDependencies extends CredentialDependencies, HostingOptions {
  /** Tells the functions of in-process servers apart. */
  readonly identify: ConnectIdentity;
}

/** Draws what is one instance's own: the key of its fingerprints, the names of its in-process servers, and its look at its children. */
export function createRoutingDependencies(
  given: Pick<RoutingDependencies, "fetch" | "clock" | "limits">,
): RoutingDependencies {
  const processes = processTable();
  return Object.freeze({
    ...given,
    fingerprint: createFingerprint(),
    identify: createConnectIdentity(),
    processes,
  });
}

/** Binds every definition to its upstream and its credentials, once for all workspaces that use it. */
export function routeServers(
  servers: CheckedServers,
  dependencies: RoutingDependencies,
): readonly RoutedServer[] {
  return Object.freeze([...servers].map(([id, definition]) => routeServer(id, definition, dependencies)));
}

function routeServer(
  id: ServerId,
  definition: ServerDefinition,
  dependencies: RoutingDependencies,
): RoutedServer {
  const { share = "user", timeoutMs, credential, discovery } = definition;
  const { clock, limits, processes } = dependencies;
  const digest = digestDefinition(definition, dependencies.identify);
  const place =
    definition.url !== undefined
      ? { origin: originOf(definition.url), url: new URL(definition.url).href }
      : {};
  const credentials = credential === undefined ? undefined : bind(credential, dependencies);
  return Object.freeze({
    ref: Object.freeze({ id, digest, ...place }),
    share,
    upstream: upstreamOf(definition, { clock, limits, processes }),
    ...(credentials && { credentials }),
    ...(discovery && {
      discovery: discovery === "anonymous" ? {} : { credentials: bind(discovery, dependencies) },
    }),
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
