import { TenantryError, type CredentialDependencies } from "@tenantry/core";
import { OAuthHttp } from "./http.ts";
import { checkCallbackUrl, checkOAuthOptions, type OAuthOptions } from "./options.ts";
import { GrantProvider } from "./grant-provider.ts";
import type { OAuthProvider } from "./oauth-provider.ts";
import { authorizationHeader, type TokenSource } from "./token-source.ts";

/** A source of grants. */
export interface OAuthSource extends TokenSource {
  /** Throws `CONFIG_INVALID` without a store, a sealer or a callback URL. */
  bind(dependencies: CredentialDependencies): OAuthProvider;
}

/**
 * Gives each user the token that the user has granted for the server (MCP authorization, 2026-07-28). Without one, a call
 * fails with `AUTHORIZATION_REQUIRED`, whose `authorizationUrl` is where the user grants it; the callback is then given to
 * `finishAuthorization`, and the next call works. Tokens are refreshed on the way. Throws `CONFIG_INVALID` for options that
 * cannot work, without showing a secret.
 */
export function oauth(options: OAuthOptions = {}): OAuthSource {
  const checked = checkOAuthOptions(options);
  return Object.freeze({
    slot: checked.slot,
    sets: authorizationHeader,
    serves: "users",
    bind({ fetch, checkUrl, clock, store, sealer, callbackUrl }: CredentialDependencies): OAuthProvider {
      if (store === undefined || sealer === undefined) {
        const what = "oauth() keeps what users grant; give it a store, and a sealer for what is kept there.";
        throw new TenantryError("CONFIG_INVALID", what);
      }
      const http = new OAuthHttp(fetch, clock, checked.limits);
      const parts = {
        http,
        clock,
        ...(checkUrl && { checkUrl }),
        store,
        sealer,
        callbackUrl: checkCallbackUrl(callbackUrl),
        options: checked,
      };
      return new GrantProvider(parts);
    },
  });
}
