import type { Clock, CredentialStore, Sealer } from "@tenantry/core";
import type { OAuthHttp } from "./http.ts";
import type { CheckedOAuthOptions } from "./options.ts";

/** What the parts of one `oauth()` share. */
export interface OAuthParts {
  readonly http: OAuthHttp;
  readonly clock: Clock;
  /** Throws for a page that no person is sent to. */
  readonly checkUrl?: (url: URL) => void;
  readonly store: CredentialStore;
  readonly sealer: Sealer;
  /** Where an authorization server sends the person back to. */
  readonly callbackUrl: URL;
  readonly options: CheckedOAuthOptions;
}
