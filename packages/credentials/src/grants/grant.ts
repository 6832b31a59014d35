import type { AbortableOptions, CredentialKey, Secret } from "@tenantry/core";

/** What a person, or a workspace, has granted at one issuer for one resource: tokens, and what is known of them. */
export interface Grant {
  /** Names the authorization; drawn at random when it was granted and kept by every refresh. */
  readonly subject: string;
  /** Names this refresh of it; another one for every set of tokens. */
  readonly generation: string;
  /** The issuer that gave it, to which alone its refresh token goes (RFC 8414, section 2). */
  readonly issuer: string;
  /** The resource that it is for (RFC 8707, section 2). */
  readonly resource: string;
  /** The client that it was given to; its refresh token works for no other (RFC 6749, section 6). */
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly tokenType: "bearer" | "dpop";
  readonly accessToken: Secret;
  /** The private key, as a JWK, that tokens of the type `dpop` are bound to (RFC 9449); every refresh keeps it. */
  readonly proofKey?: Secret;
  /** When the access token ends, in milliseconds since the Unix epoch; absent: the issuer has not said. */
  readonly expiresAt?: number;
  /**
   * When its authorization was begun, in milliseconds since the Unix epoch, and later than each that the same person had
   * begun before; kept by every refresh. Absent: before every other.
   */
  readonly begunAt?: number;
  /** When the tokens were received, in milliseconds since the Unix epoch; `put` and every refresh say so. */
  readonly receivedAt?: number;
  /** Absent: it cannot be refreshed. */
  readonly refreshToken?: Secret;
  /**
   * For how long the issuer takes a refresh token that has been used before, in milliseconds; `Number.MAX_SAFE_INTEGER`
   * says that it does not rotate them. Absent: not at all, so one that may have been used is never sent again.
   */
  readonly refreshGraceMs?: number;
  /** Whether the last refresh brought no other refresh token: its issuer does not rotate them, so this one may be sent again. */
  readonly keepsRefreshToken?: boolean;
}

/** What an issuer answered to a refresh (RFC 6749, sections 5.1 and 6). */
export interface Refreshed {
  readonly accessToken: Secret;
  /** For how long the access token lives, in milliseconds from now; absent: the issuer has not said. */
  readonly expiresInMs?: number;
  /** The next refresh token; absent: the one that was sent stays. */
  readonly refreshToken?: Secret;
  /** Absent: as before. */
  readonly scopes?: readonly string[];
}

/**
 * Makes ONE token request with the grant's refresh token, and never a second one. What it throws says what became of the
 * token: a {@link TenantryError} of the code `AUTHORIZATION_REQUIRED` and the delivery `answered` that the issuer takes it no
 * longer (`invalid_grant`), any other of the delivery `unsent`, `refused` or `answered` that it has not been used, and
 * everything else that it may have been; an error that leaves its delivery out says `unsent`. The signal aborts when the time for the request is over,
 * and never because somebody has stopped waiting.
 */
export interface SendRefresh {
  (grant: Grant, signal: AbortSignal): Promise<Refreshed>;
  /**
   * Finds out what the request takes, so that the request need not: it is called before anything is written, and a process
   * that is killed meanwhile costs nothing. Its failure is the callers', but for one of the code `AUTHORIZATION_REQUIRED`,
   * which the request repeats. The signal aborts when half of the time for a refresh is over, or nobody waits any more.
   */
  readonly prepare?: (grant: Grant, signal: AbortSignal) => Promise<unknown>;
}

/** How a grant is refreshed. */
export interface FreshOptions extends AbortableOptions {
  /** The generation that the server has just refused; a grant of this generation is not given again. */
  readonly rejected?: string | undefined;
  readonly send: SendRefresh;
  /**
   * Whether a grant is of use to whoever asks; one that is not is given as it is and never refreshed, because somebody else
   * may use it. Absent: every one is.
   */
  readonly fits?: ((grant: Grant) => boolean) | undefined;
}

/** A grant is gone: it was removed, or another authorization has taken its place. */
export interface GrantEvent {
  readonly kind: "ended" | "replaced";
  readonly key: CredentialKey;
  readonly subject: string;
}

/** Whether the access token has not ended, as far as anybody knows. */
export function isLive({ expiresAt }: Grant, now: number): boolean {
  return expiresAt === undefined || now < expiresAt;
}
