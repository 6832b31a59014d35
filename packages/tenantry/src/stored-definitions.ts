import { parseDefinition, secret, type CredentialSource, type Sealer } from "@tenantry/core";
import { sealedFor } from "@tenantry/credentials";
import { serverRowKind, type StoredDefinitions } from "@tenantry/router";
import { bindServer, type RoutingDependencies } from "./routed-servers.ts";
import { checkServer, type AdmitCommand } from "./server-rules.ts";

/** What the host lets others' definitions have. */
export interface StoredDefinitionRules {
  readonly credentialSources: Readonly<Record<string, CredentialSource>>;
  readonly admitCommand?: AdmitCommand | undefined;
  readonly sealer: Sealer;
}

/**
 * Reads definitions from the store as somebody else's word. They are sealed there, because their headers and their
 * environment are often secrets.
 */
export function storedDefinitions(
  { credentialSources: sources, admitCommand, sealer }: StoredDefinitionRules,
  dependencies: RoutingDependencies,
): StoredDefinitions {
  return Object.freeze<StoredDefinitions>({
    bind(given, place) {
      const path = "definition";
      const definition = parseDefinition(given, path, { sources });
      checkServer(definition, { path, place, admitCommand });
      return bindServer(place.server, definition, dependencies).server;
    },
    seal: (text, key) => sealer.seal(secret(text), sealedFor(serverRowKind, key)),
    open: async (sealed, key) => (await sealer.open(sealed, sealedFor(serverRowKind, key))).reveal(),
  });
}
