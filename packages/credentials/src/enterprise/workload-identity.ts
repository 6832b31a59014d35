import {
  raceAbort,
  TenantryError,
  type CredentialDependencies,
  type Scope,
  type ServerRef,
} from "@tenantry/core";
import { ClientProvider } from "../oauth/client-provider.ts";
import {
  checkClient,
  checkIssuerOptions,
  requireIssuer,
  type IssuerOptions,
  type RegisteredClient,
} from "../oauth/options.ts";
import { bindSource, checkSource, textOf, type ValueSource } from "../value-source.ts";
import { authorizationHeader, type TokenSource } from "../oauth/token-source.ts";

/** How a workload shows who it is. */
export interface WorkloadIdentityOptions extends IssuerOptions {
  /** The only issuer that is shown it, exactly as the server's metadata names it. */
  readonly issuer: string;
  /** The client that the workload is at the server's issuer. */
  readonly client: RegisteredClient;
  /** The token that the platform gives the workload, such as one that `fromFunction()` reads from a file. */
  readonly assertion: ValueSource;
}

const everyone: Scope = Object.freeze({ share: "everyone" });

/**
 * Gives everybody the same token: the host's own, for which its platform vouches with a signed assertion (RFC 7523,
 * section 2.1; SEP-1933). The assertion is read anew for each token. Throws `CONFIG_INVALID` or `CREDENTIAL_INVALID` for
 * options that cannot work.
 */
export function workloadIdentity(options: WorkloadIdentityOptions): TokenSource {
  const client = checkClient(options.client);
  const checked = checkIssuerOptions(options, options.client);
  requireIssuer(checked, "workloadIdentity()", "the platform's assertion");
  const source = checkSource(options.assertion, "workloadIdentity()");
  return Object.freeze({
    slot: checked.slot,
    sets: authorizationHeader,
    serves: "anybody",
    bind(dependencies: CredentialDependencies) {
      const bound = bindSource(source, dependencies, checked.slot);
      const show = async (server: ServerRef, signal: AbortSignal) => {
        const request = { scope: everyone, server, context: {}, signal };
        const given = Promise.resolve(bound.read(request, dependencies.clock));
        const assertion = textOf(await raceAbort(given, signal));
        if (assertion !== undefined)
          return { grantType: "urn:ietf:params:oauth:grant-type:jwt-bearer", parameters: { assertion } };
        const what = `There is no assertion for the issuer; provide ${bound.describe(everyone)}.`;
        throw new TenantryError("CREDENTIAL_MISSING", what, { server: server.id, slot: checked.slot });
      };
      return new ClientProvider({ dependencies, client, options: checked, show });
    },
  });
}
