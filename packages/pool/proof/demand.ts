import type { Principal, RunOptions } from "@tenantry/core";
import type { BoundOf, Seat } from "./cast.ts";
import type { Link } from "./fakes/link.ts";
import type { Start } from "./start.ts";
import type { Ticket } from "./fakes/issuer.ts";
import type { Failure } from "./fakes/verdict.ts";

/** One caller of the pool, from its call to its outcome. */
export interface Demand {
  readonly id: number;
  readonly kind: "run" | "acquire";
  readonly seat: Seat;
  /** Under which of the seat's two grants it calls. */
  readonly as: number;
  /** Whose call it is, where many share the connection. */
  readonly guest: Principal | undefined;
  /** Whose failures may be held against it: those of whom its connection serves, and the guest's own. */
  readonly principals: readonly string[];
  readonly callBounds: readonly BoundOf[];
  readonly resend: RunOptions["resend"];
  readonly abort: AbortController;
  readonly moment: number;
  /** When it began, by the clock. */
  readonly beganAt: number;
  /** Whether the pool was told to close before. */
  readonly isLate: boolean;
  /** What its provider answered last; unknown where its scope has no user, whose calls cannot be told apart. */
  ticket: Ticket | undefined;
  /** For which start it surely waits. */
  waitsFor: Start | undefined;
  /** How often its work has begun. */
  attempts: number;
  /** Where its work is going on. */
  worksOn: Link | undefined;
  /** What its last attempt was done with. */
  carried: Ticket | undefined;
  /** What its last attempt failed with. */
  failure: Failure | undefined;
  failedAt: number;
  /** What its work gave. */
  answer: object | undefined;
}
