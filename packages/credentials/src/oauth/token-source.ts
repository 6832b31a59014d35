import type { CredentialSource } from "@tenantry/core";

/** A source of access tokens. */
export interface TokenSource extends CredentialSource {
  /** What errors call it. */
  readonly slot: string;
  /** What it sets, so that nothing else of one definition sets it too. */
  readonly sets: { readonly kind: "header"; readonly name: "authorization" };
  /** Whom it has tokens for: a user each, who has granted or brought one, or anybody, because they are the host's own. */
  readonly serves: "users" | "anybody";
}

/** What every access token is sent in (RFC 6750, section 2.1; RFC 9449, section 7.1). */
export const authorizationHeader: TokenSource["sets"] = Object.freeze({
  kind: "header",
  name: "authorization",
});
