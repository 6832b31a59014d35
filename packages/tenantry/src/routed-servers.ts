import { createHmac, randomBytes } from "node:crypto";
import { originOf } from "@tenantry/core";
import type {
  CredentialDependencies,
  CredentialProvider,
  CredentialSource,
  ServerDefinition,
  ServerId,
} from "@tenantry/core";
import { combine } from "@tenantry/credentials";
import { digestDefinition, type RoutedServer } from "@tenantry/router";
import type { CheckedServers } from "./options.ts";
import { upstreamOf } from "./upstreams.ts";

/** Binds every definition to its upstream and its credentials, once for all workspaces that use it. */
export function routeServers(
  servers: CheckedServers,
  dependencies: CredentialDependencies,
): readonly RoutedServer[] {
  return [...servers].map(([id, definition]) => routeServer(id, definition, dependencies));
}

/** Names a secret by a digest under a key that is drawn once an instance, so that no two instances agree on it. */
export function createFingerprint(): (text: string) => string {
  const key = randomBytes(32);
  return (text) => createHmac("sha256", key).update(text).digest("base64url");
}

function routeServer(
  id: ServerId,
  definition: ServerDefinition,
  dependencies: CredentialDependencies,
): RoutedServer {
  const { share = "user", timeoutMs, credential, discovery } = definition;
  const digest = "connect" in definition ? inProcessDigest() : digestDefinition(definition);
  const origin = "url" in definition ? { origin: originOf(definition.url) } : {};
  const credentials = credential === undefined ? undefined : bind(credential, dependencies);
  return {
    ref: { id, digest, ...origin },
    share,
    upstream: upstreamOf(definition),
    ...(credentials && { credentials }),
    ...(discovery && {
      discovery: discovery === "anonymous" ? {} : { credentials: bind(discovery, dependencies) },
    }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  };
}

/** Two functions cannot be compared by content, so each in-process definition is a server of its own. */
function inProcessDigest(): string {
  return randomBytes(16).toString("hex");
}

function bind(
  credential: CredentialSource | readonly CredentialSource[],
  dependencies: CredentialDependencies,
): CredentialProvider {
  const source = "bind" in credential ? credential : combine(credential);
  return source.bind(dependencies);
}
