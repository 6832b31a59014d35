import { TenantryError, type Clock, type Origin, type ServerId } from "@tenantry/core";
import type { PoolKey } from "../keys.ts";
import type { Admission } from "./admission.ts";
import { Authorization } from "./authorization.ts";
import type { Rung } from "./backoff.ts";
import type { BreakerOptions } from "./breaker.ts";
import { heldBack, unauthorized, unreachable } from "./refusal.ts";
import type { Transport } from "./transport.ts";
import { authorizationVerdict, transportVerdict, type Phase } from "./verdict.ts";

/** Whose trouble it is, and with what. */
export interface TroubleTarget {
  readonly poolKey: PoolKey;
  readonly server: ServerId;
  /** Names whom the connection serves: equal for two servers of one principal, different for two principals. */
  readonly principal: string;
  /** Names where its requests go, whatever the session or the credential. */
  readonly way: string;
  /** Absent for a server behind a pipe, which is not the one that others reach. */
  readonly origin?: Origin | undefined;
}

/** Calls will be refused: a breaker opened, or the server asked to wait. */
export interface BreakEvent extends Rung {
  readonly scope: "transport" | "authorization" | "retry-after";
  /** The server whose failure it was; others of the same origin are concerned by its transport too. */
  readonly server: ServerId;
  /** Whose calls will be refused; absent where everybody's will be. */
  readonly principal?: string;
}

/** What the troubles of one pool have in common. */
export interface TroubleOptions extends BreakerOptions {
  readonly clock: Clock;
  readonly onBreak: (event: BreakEvent) => void;
}

/**
 * The trouble with one target. Each attempt asks for admission before it begins and tells what became of it: once that
 * its connection opened, where it opened one, and once how it ended. Of an opening that several share one tells.
 */
export class Trouble {
  readonly target: TroubleTarget;
  readonly #options: TroubleOptions;
  readonly #transport: Transport;
  #authorization: Authorization | undefined;
  #hold: { readonly until: number; readonly failure: TenantryError } | undefined;
  /** Whether there is neither a hold nor a refused credential. */
  #isQuiet = true;

  constructor(options: TroubleOptions, target: TroubleTarget, transport: Transport) {
    this.target = target;
    this.#options = options;
    this.#transport = transport;
  }

  /** Whether there is none: then admission is a look at this, and a success is nothing to tell. */
  get isCalm(): boolean {
    return this.#isQuiet && this.#transport.isCalm;
  }

  /** Until when there is something to remember of this target alone; 0 where there is nothing. */
  get remembersUntil(): number {
    return Math.max(this.#hold?.until ?? 0, this.#authorization?.remembersUntil ?? 0);
  }

  /**
   * Lets an attempt with a credential of this generation through. Throws `SERVER_UNAVAILABLE` while the server is left
   * alone, or the code by which it last refused this generation; both with `retryAfterMs`.
   */
  admit(generation: string | undefined): Admission {
    const { clock, epochs } = this.#options;
    if (this.isCalm) return epochs.current;
    const now = clock.now();
    this.#quieten(now);
    this.#refuse(generation, now);
    const admission = epochs.distinct();
    this.#transport.enter(admission, now);
    this.#authorization?.enter(admission, generation, now);
    return admission;
  }

  /** The connection was opened, or the call was answered. */
  succeeded(admission: Admission, phase: Phase): void {
    if (this.isCalm) return;
    const now = this.#options.clock.now();
    this.#transport.succeeded(admission, now);
    // Many servers look at a credential only when they are called.
    if (phase === "calling") this.#authorization?.succeeded(admission, now);
    this.#quieten(now);
  }

  /** The attempt failed and ends with that; what its failure says of whom is judged here. */
  failed(admission: Admission, failure: unknown, phase: Phase, generation: string | undefined): void {
    if (!(failure instanceof TenantryError)) return this.left(admission);
    const now = this.#options.clock.now();
    this.#judgeTransport(admission, failure, phase, now);
    this.#judgeCredential(admission, failure, phase, generation, now);
    if (failure.retryAfterMs !== undefined) this.#holdBack(failure, failure.retryAfterMs, now);
    this.#quieten(now);
  }

  /** The attempt ended without an outcome: its caller left, or had nothing to call. */
  left(admission: Admission): void {
    if (this.isCalm) return;
    this.#transport.left(admission);
    this.#authorization?.left(admission);
  }

  #refuse(generation: string | undefined, now: number): void {
    const { server } = this.target;
    const refusedMs = this.#authorization?.waitMs(generation, now) ?? 0;
    const refusal = this.#authorization?.lastFailure;
    if (refusedMs > 0 && refusal) throw unauthorized({ server, waitMs: refusedMs, cause: refusal });
    const waitMs = this.#transport.waitMs(now);
    const hold = this.#hold;
    const holdMs = hold === undefined ? 0 : hold.until - now;
    if (hold && holdMs > waitMs) throw heldBack({ server, waitMs: holdMs, cause: hold.failure });
    if (waitMs > 0) throw unreachable({ server, waitMs, cause: this.#transport.lastFailure(now) });
  }

  #judgeTransport(admission: Admission, failure: TenantryError, phase: Phase, now: number): void {
    switch (transportVerdict(failure, phase)) {
      case "works":
        return this.#transport.succeeded(admission, now);
      case "unclear":
        return this.#transport.left(admission);
      case "broken": {
        const opened = this.#transport.failed(admission, failure, now);
        if (opened) this.#tell("transport", opened);
      }
    }
  }

  #judgeCredential(
    admission: Admission,
    failure: TenantryError,
    phase: Phase,
    generation: string | undefined,
    now: number,
  ): void {
    switch (authorizationVerdict(failure, phase)) {
      case "works":
        return this.#authorization?.succeeded(admission, now);
      case "unclear":
        return this.#authorization?.left(admission);
      case "broken": {
        this.#authorization ??= new Authorization(this.#options, this.target.principal);
        const opened = this.#authorization.failed(admission, generation, failure, now);
        if (opened) this.#tell("authorization", { ...opened, principal: this.target.principal });
      }
    }
  }

  /** Of several answers that ask to wait, the longest counts; only the first is told of. */
  #holdBack(failure: TenantryError, retryAfterMs: number, now: number): void {
    const delayMs = Math.min(retryAfterMs, this.#options.limits.maxHoldMs);
    const heldUntil = Math.max(now, this.#hold?.until ?? 0);
    if (now + delayMs <= heldUntil) return;
    this.#hold = { until: now + delayMs, failure };
    const { principal } = this.target;
    if (heldUntil === now) this.#tell("retry-after", { principal, rung: 0, delayMs, last: false });
  }

  #quieten(now: number): void {
    if (this.#hold && this.#hold.until <= now) this.#hold = undefined;
    this.#isQuiet = this.#hold === undefined && (this.#authorization?.isCalm ?? true);
  }

  #tell(scope: BreakEvent["scope"], facts: Omit<BreakEvent, "scope" | "server">): void {
    this.#options.onBreak({ ...facts, scope, server: this.target.server });
  }
}
