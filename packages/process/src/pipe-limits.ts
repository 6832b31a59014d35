import { fillLimits } from "@tenantry/core";

/** The bounds of one child's pipe. */
export interface PipeLimits {
  /** The longest line that the child may write, in bytes; a longer one ends the pipe. Defaults to 16 MiB. */
  readonly maxMessageBytes: number;
  /** The deepest nesting of a message; a deeper one ends the pipe unread. Defaults to 256. */
  readonly maxDepth: number;
  /** How much of the end of stderr is kept, in bytes. Defaults to 16 KiB. */
  readonly stderrTailBytes: number;
  /** How long the child may take after the end of its stdin, and again after SIGTERM, in milliseconds. Defaults to 1,000. */
  readonly closeGraceMs: number;
}

/** The defaults of {@link PipeLimits}. */
export const defaultPipeLimits: PipeLimits = Object.freeze({
  maxMessageBytes: 16 * 1024 * 1024,
  maxDepth: 256,
  stderrTailBytes: 16 * 1024,
  closeGraceMs: 1_000,
});

/** Fills in the defaults; throws `CONFIG_INVALID` for a limit that there is not or that is out of its range. */
export function pipeLimits(given?: Partial<PipeLimits>): PipeLimits {
  return fillLimits(given, defaultPipeLimits, { mayBeZero: ["stderrTailBytes", "closeGraceMs"] });
}
