import { isTraced, traced, type Credential, type CredentialRequest } from "@tenantry/core";

type Answer = Credential | undefined | Promise<Credential | undefined>;

/** Resolves within the tracing channel where somebody listens, and at once where nobody does. */
export function tracedResolve(request: CredentialRequest, resolve: () => Answer): Answer {
  if (!isTraced("tenantry:credentials:resolve")) return resolve();
  const payload = () => ({ scope: request.scope, server: request.server.id });
  return traced("tenantry:credentials:resolve", payload, async () => resolve());
}
