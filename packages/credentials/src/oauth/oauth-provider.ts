import type { AbortableOptions, CredentialProvider, Principal, ServerId } from "@tenantry/core";
import type { Grant } from "../grants/grant.ts";
import type { AuthorizationCallback } from "./completion.ts";

/** One person and one server. */
export interface PersonAtServer extends AbortableOptions {
  readonly principal: Principal;
  readonly server: ServerId;
}

/** What a person has granted. */
export type GrantStatus =
  | { readonly granted: false }
  | {
      readonly granted: true;
      readonly issuer: string;
      readonly resource: string;
      readonly scopes: readonly string[];
      /** When the access token ends, in milliseconds since the Unix epoch. */
      readonly expiresAt?: number;
      /** Whether it is renewed without the person. */
      readonly isRenewable: boolean;
    };

/** What there is to tell of a grant; none of it is secret. */
export function grantStatus(grant: Grant | undefined): GrantStatus {
  if (grant === undefined) return Object.freeze({ granted: false });
  const { issuer, resource, scopes, expiresAt, refreshToken } = grant;
  return Object.freeze({
    granted: true,
    issuer,
    resource,
    scopes,
    ...(expiresAt !== undefined && { expiresAt }),
    isRenewable: refreshToken !== undefined,
  });
}

/** What has been finished. */
export interface Authorized {
  readonly server: ServerId;
  readonly scopes: readonly string[];
}

/** What became of a disconnection. */
export interface Disconnected {
  /** Whether there was a grant. */
  readonly removed: boolean;
  /** Whether the issuer has confirmed that its tokens are over. */
  readonly revoked: boolean;
}

/** What was taken from the store of a person who is disconnected. */
export interface Withdrawn {
  /** Whether there was a grant. */
  readonly removed: boolean;
  /**
   * Asks the issuer to end the tokens of exactly what was taken (RFC 7009), within `requestTimeoutMs`; `false` where there is
   * nothing to end, or the issuer has not said yes. An abort ends it.
   */
  revoke(options?: AbortableOptions): Promise<boolean>;
}

/** A provider whose credentials people grant, in a browser. */
export interface OAuthProvider extends CredentialProvider, AsyncDisposable {
  /**
   * Ends the flow that a callback belongs to. Rejects with `ARGUMENT_INVALID`, and tells nothing, where this principal has no
   * such flow open, and with `CREDENTIAL_FAILED` where the issuer gives no grant; then a new flow has to be begun. Where the
   * error is retryable, as the `TIMEOUT` of a store that does not answer, the same callback can be finished later. An
   * authorization that comes after one that was begun later gives what that one has brought.
   */
  finishAuthorization(callback: AuthorizationCallback): Promise<Authorized>;
  /**
   * Forgets what a person has granted, in the store and here, without asking anybody but the store; what it gives asks the
   * issuer. What is being finished comes to nothing.
   */
  withdraw(person: Omit<PersonAtServer, "signal">): Promise<Withdrawn>;
  /** Forgets what a person has granted and then asks the issuer to end it (RFC 7009); nobody else's grant is touched. */
  disconnect(person: PersonAtServer): Promise<Disconnected>;
  /** Tells what a person has granted, without asking anybody but the store. */
  status(person: PersonAtServer): Promise<GrantStatus>;
  /** Waits for refreshes, authorizations and revocations under way, each in its own time; gives the same promise every time. */
  close(): Promise<void>;
}

/** Whether people grant a provider's credentials; a combination of one with others is one too. */
export function isOAuthProvider(provider: CredentialProvider): provider is OAuthProvider {
  return "finishAuthorization" in provider;
}
