import { createHmac, randomBytes } from "node:crypto";
import { originOf } from "@tenantry/core";
import type {
  Clock,
  CredentialDependencies,
  CredentialProvider,
  CredentialSource,
  Fetch,
  ServerDefinition,
  ServerId,
} from "@tenantry/core";
import { combine } from "@tenantry/credentials";
import {
  createConnectIdentity,
  digestDefinition,
  type ConnectIdentity,
  type RoutedServer,
} from "@tenantry/router";
import type { CheckedServers } from "./options.ts";
import { upstreamOf } from "./upstreams.ts";

/** What binding a definition takes. */
export interface RoutingDependencies extends CredentialDependencies {
  /** Tells the functions of in-process servers apart. */
  readonly identify: ConnectIdentity;
}

/** Draws what is one instance's own: the key of its fingerprints, and the names of its in-process servers. */
export function createRoutingDependencies(fetch: Fetch, clock: Clock): RoutingDependencies {
  const key = randomBytes(32);
  const fingerprint = (text: string) => createHmac("sha256", key).update(text).digest("base64url");
  return Object.freeze({ fetch, clock, fingerprint, identify: createConnectIdentity() });
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
  const digest = digestDefinition(definition, dependencies.identify);
  const origin = definition.url !== undefined ? { origin: originOf(definition.url) } : {};
  const credentials = credential === undefined ? undefined : bind(credential, dependencies);
  return Object.freeze({
    ref: Object.freeze({ id, digest, ...origin }),
    share,
    upstream: upstreamOf(definition),
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
