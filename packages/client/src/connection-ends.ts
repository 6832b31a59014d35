import type { CloseReason, Credential } from "@tenantry/core";

/** What differs between a connection over HTTP and one over a pipe. */
export interface ConnectionEnds {
  /** Whose authority the credential carries; `undefined` where there is none. */
  readonly subject: string | undefined;
  /** Takes a newer credential of the same subject, or says that it cannot. */
  adopt(next: Credential): boolean;
  /** Ends this way to the server, and not its session; absent where no other connection can go on where this one stops. */
  readonly retire: (() => Promise<void>) | undefined;
  /** Ends the session at the server; is given up when the signal aborts. */
  endSession(signal: AbortSignal): Promise<void>;
  /** How long the way to the server may take to close, in milliseconds. */
  readonly closeTimeoutMs: number;
  /** Resolves when the other side has gone away; never for HTTP. */
  readonly lost: Promise<CloseReason> | undefined;
  /** Opens the stream on which a legacy server speaks of its own accord; absent where everything comes on one anyway. */
  readonly openStream?: ((signal: AbortSignal) => Promise<{ readonly ended: Promise<void> }>) | undefined;
}
