import type { ErrorCode, TenantryError } from "tenantry";
import type { LateMoment } from "./lateness.ts";
import type { Ledger } from "./ledger.ts";
import type { ServerName, Step } from "./plan.ts";

/** Everything that is known once a storm is over. */
export interface Aftermath {
  readonly outcomes: readonly Outcome[];
  readonly ledgers: readonly Ledger[];
  /** When `close()` was called, in milliseconds since the Unix epoch. */
  readonly closingAt: number;
  /** Why `close()` failed, or that it never settled. */
  readonly closeFailure: string | undefined;
  /** When the client's process or the servers' was late. */
  readonly late: readonly LateMoment[];
  /** What keeps the client's process awake that did not before. */
  readonly leftAwake: readonly string[];
  /** How many timers of the client's are neither over nor taken back. */
  readonly timers: number;
  /** How long it took, in milliseconds. */
  readonly elapsedMs: number;
}

/** What became of one step. */
export interface Outcome {
  readonly step: Step;
  /** Milliseconds since the Unix epoch. */
  readonly beganAt: number;
  readonly endedAt: number;
  readonly ended: "answered" | "failed" | "aborted" | "never";
  /** Why it failed; of a list, every server that is missing from it. */
  readonly failures: readonly Failure[];
  /** What is wrong with an answer that is somebody else's. */
  readonly crossing: string | undefined;
}

/** One failure as its caller got it. */
export interface Failure {
  readonly server: ServerName;
  /** `undefined` for what is no `TenantryError`. */
  readonly code: ErrorCode | undefined;
  readonly delivery: TenantryError["delivery"] | undefined;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly message: string;
}
