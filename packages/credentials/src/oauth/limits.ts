/** The bounds of one OAuth source; every one has a default. */
export interface OAuthLimits {
  /**
   * How long one request to a server or to an authorization server may take, in milliseconds, and one answer of the store
   * while an authorization is finished. Defaults to 15,000.
   */
  readonly requestTimeoutMs: number;
  /** The longest metadata document and the longest answer of an authorization server, in bytes. Defaults to 256 KiB. */
  readonly maxAnswerBytes: number;
  /** How many of the authorization servers that a server names are tried. Defaults to 4. */
  readonly maxIssuersTried: number;
  /** How many servers, and how many authorization servers, are remembered. Defaults to 1,000. */
  readonly maxServersKnown: number;
  /** How long their metadata is believed, in milliseconds. Defaults to one hour. */
  readonly metadataTtlMs: number;
  /**
   * How long a failure of metadata or of a registration is given to everybody who asks, in milliseconds, before it is tried
   * again; a `Retry-After` makes it longer, five minutes at most. Defaults to 5,000.
   */
  readonly failureTtlMs: number;
  /** How long a person may take to grant access, in milliseconds. Defaults to ten minutes. */
  readonly flowTtlMs: number;
  /** How many pages for one person and one server can be finished at a time; the oldest then ends. Defaults to 4. */
  readonly maxOpenFlows: number;
  /** How many flows one process remembers in order to hand them out again. Defaults to 10,000. */
  readonly maxFlowsKnown: number;
  /**
   * How often one person may grant more because a server wants it, whatever it wants, within `metadataTtlMs`; then its
   * refusal is final. Defaults to 2.
   */
  readonly maxStepUps: number;
  /**
   * How often a token that has not ended is got anew at once because the server refuses it; there is one more every minute.
   * More is for a server that often ends tokens before their time. Defaults to 4.
   */
  readonly maxRenewals: number;
}

/** The defaults of {@link OAuthLimits}. */
export const defaultOAuthLimits: OAuthLimits = Object.freeze({
  requestTimeoutMs: 15_000,
  maxAnswerBytes: 256 * 1024,
  maxIssuersTried: 4,
  maxServersKnown: 1_000,
  metadataTtlMs: 3_600_000,
  failureTtlMs: 5_000,
  flowTtlMs: 600_000,
  maxOpenFlows: 4,
  maxFlowsKnown: 10_000,
  maxStepUps: 2,
  maxRenewals: 4,
});
