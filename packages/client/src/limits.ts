/** The bounds of one connector; every one has a default. */
export interface ClientLimits {
  /** How long opening a connection may take in all, in milliseconds. Defaults to 30,000. */
  readonly handshakeTimeoutMs: number;
  /** How long one request may take where its caller does not say, in milliseconds. Defaults to 60,000. */
  readonly requestTimeoutMs: number;
  /** How long closing may wait for the server, in milliseconds. Defaults to 2,000. */
  readonly closeTimeoutMs: number;
  /** The largest single message, in bytes. Defaults to 16 MiB. */
  readonly maxMessageBytes: number;
  /** The most that one response stream may carry, in bytes. Defaults to 64 MiB. */
  readonly maxStreamBytes: number;
  /** The deepest nesting of a message. Defaults to 256. */
  readonly maxDepth: number;
  /** The longest that a server may ask to be left alone, in milliseconds; more is read as this. Defaults to one hour. */
  readonly maxRetryAfterMs: number;
  /** How often in a row a broken stream of events that brings nothing new is asked for again. Defaults to 5. */
  readonly maxStreamReconnects: number;
  /** How often a modern server may ask for more input before it answers one request. Defaults to 10. */
  readonly maxInputRounds: number;
  /** How many different output schemas of tools are shared by all connections. Defaults to 1,000. */
  readonly maxOutputSchemas: number;
  /** How many characters all of them may have together. Defaults to 2 Mi. */
  readonly maxOutputSchemaCharacters: number;
  /** How many servers' eras are remembered. Defaults to 1,000. */
  readonly maxEraVerdicts: number;
  /** How long a server's era is remembered before it is asked again, in milliseconds. Defaults to one hour. */
  readonly eraVerdictTtlMs: number;
}

/** The defaults of {@link ClientLimits}. */
export const defaultClientLimits: ClientLimits = Object.freeze({
  handshakeTimeoutMs: 30_000,
  requestTimeoutMs: 60_000,
  closeTimeoutMs: 2_000,
  maxMessageBytes: 16 * 1024 * 1024,
  maxStreamBytes: 64 * 1024 * 1024,
  maxDepth: 256,
  maxRetryAfterMs: 3_600_000,
  maxStreamReconnects: 5,
  maxInputRounds: 10,
  maxOutputSchemas: 1_000,
  maxOutputSchemaCharacters: 2 * 1024 * 1024,
  maxEraVerdicts: 1_000,
  eraVerdictTtlMs: 3_600_000,
});
