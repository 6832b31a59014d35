import { fillLimits } from "@tenantry/core";

/** The bounds of every exchange. */
export interface EgressLimits {
  /** The longest response body, in bytes; defaults to 16 MiB. */
  readonly maxResponseBytes: number;
  /** How many sockets one origin may have under one provenance; a request that finds all busy waits. Defaults to 1,024. */
  readonly maxSocketsPerOrigin: number;
  /** The longest header section of a response, in bytes; defaults to 64 KiB. */
  readonly maxHeaderBytes: number;
  /** How long a socket may take to open, name resolution and TLS included, in milliseconds; defaults to 10,000. */
  readonly socketTimeoutMs: number;
  /** How long the response's headers may take, in milliseconds; defaults to `Infinity`: the caller's signal decides. */
  readonly firstByteTimeoutMs: number;
  /** How long no byte may come while a body is awaited, in milliseconds; defaults to `Infinity`. */
  readonly idleTimeoutMs: number;
  /**
   * How long an exchange may take from the call to its last byte, whatever trickles, in milliseconds; defaults to
   * `Infinity`.
   */
  readonly totalTimeoutMs: number;
  /** How long `close()` waits for exchanges in flight before it ends them, in milliseconds; defaults to 2,000. */
  readonly closeTimeoutMs: number;
}

/** The defaults of {@link EgressLimits}. */
export const defaultEgressLimits: EgressLimits = Object.freeze({
  maxResponseBytes: 16 * 1024 * 1024,
  maxSocketsPerOrigin: 1_024,
  maxHeaderBytes: 64 * 1024,
  socketTimeoutMs: 10_000,
  firstByteTimeoutMs: Infinity,
  idleTimeoutMs: Infinity,
  totalTimeoutMs: Infinity,
  closeTimeoutMs: 2_000,
});

/** Fills in the defaults; throws `CONFIG_INVALID`, naming the limit, for one that there is not or that it cannot keep. */
export function limitsOf(given?: Partial<EgressLimits>): EgressLimits {
  return fillLimits(given, defaultEgressLimits, {
    mayBeZero: ["closeTimeoutMs"],
    mayBeInfinite: ["maxResponseBytes", "firstByteTimeoutMs", "idleTimeoutMs", "totalTimeoutMs"],
  });
}
