import { createHash } from "node:crypto";
import {
  CounterTable,
  TenantryError,
  type Clock,
  type Counter,
  type Counters,
  type Principal,
  type ServerId,
} from "@tenantry/core";
import { compileGlobs } from "../policy/glob.ts";
import type { Quota } from "./quota.ts";

/** A call that counts. */
export interface CountedCall {
  readonly principal: Principal;
  readonly server: ServerId;
  /** The server's own name. */
  readonly tool: string;
}

/** Gives back what a call has taken, once it has ended. */
export type Taken = () => void;

/** Where one quota's calls are counted. */
export interface LimitParts {
  readonly clock: Clock;
  /** The store's; absent where this process counts for itself. */
  readonly counters?: Counters | undefined;
}

/** One quota, and what has been taken of it. */
export class Limit {
  readonly #quota: Quota;
  readonly #windowMs: number;
  readonly #clock: Clock;
  readonly #counters: Counters | undefined;
  readonly #isServer: ((server: string) => boolean) | undefined;
  readonly #isTool: ((tool: string) => boolean) | undefined;
  /** This process's own, while the store cannot be reached too, and what the store said where it is used up. */
  readonly #local: CounterTable;
  readonly #underWay = new Map<string, number>();

  constructor(quota: Quota, { clock, counters }: LimitParts) {
    this.#quota = quota;
    this.#windowMs = quota.windowMs ?? 60_000;
    this.#clock = clock;
    this.#counters = counters;
    this.#isServer = compileGlobs(quota.server);
    this.#isTool = compileGlobs(quota.tool);
    this.#local = new CounterTable({ clock });
  }

  /** Whether a store counts its calls. */
  get isShared(): boolean {
    return this.#counters !== undefined && this.#quota.calls !== undefined;
  }

  /** Whether it matters which tool is called, and then only one that there is may be counted. */
  get isByTool(): boolean {
    return this.#isTool !== undefined || this.#quota.per?.includes("tool") === true;
  }

  /** Whether a call counts. */
  counts({ server, tool }: CountedCall): boolean {
    return this.#isServer?.(server) !== false && this.#isTool?.(tool) !== false;
  }

  /** Counts a call wherever this quota's are counted; rejects with `RATE_LIMITED`. */
  async take(call: CountedCall): Promise<Taken> {
    if (!this.isShared) return this.takeHere(call);
    const name = this.#nameOf(call);
    const give = this.#begin(name);
    try {
      await this.#countShared(name);
      return give;
    } catch (failure) {
      give();
      throw failure;
    }
  }

  /** Counts a call in this process; throws `RATE_LIMITED`. */
  takeHere(call: CountedCall): Taken {
    const name = this.#nameOf(call);
    const give = this.#begin(name);
    try {
      if (this.#quota.calls !== undefined) this.#checkRate(this.#local.add(name, 1, this.#windowMs));
      return give;
    } catch (failure) {
      give();
      throw failure;
    }
  }

  async #countShared(name: string): Promise<void> {
    // A window that is used up need not be asked for again.
    const known = this.#local.get(name);
    if (known !== undefined && this.#isOver(known)) this.#checkRate(known);
    const counter = await this.#counters
      // No text of a person's, and none that is too long.
      ?.add(createHash("sha256").update(name).digest("hex"), 1, { ttlMs: this.#windowMs })
      .catch(() => undefined);
    if (counter === undefined) return this.#checkRate(this.#local.add(name, 1, this.#windowMs));
    if (this.#isOver(counter)) {
      const leftMs = Math.min(this.#windowMs, Math.max(1, counter.expiresAt - this.#clock.now()));
      const usedUp = { points: counter.points, expiresAt: this.#clock.now() + leftMs };
      this.#local.set(name, usedUp, this.#windowMs);
    }
    this.#checkRate(counter);
  }

  #isOver({ points }: Counter): boolean {
    return points > (this.#quota.calls ?? Number.POSITIVE_INFINITY);
  }

  #checkRate(counter: Counter): void {
    if (!this.#isOver(counter)) return;
    // The store's clock may be another one than this process's.
    const leftMs = Math.ceil(counter.expiresAt - this.#clock.now());
    const retryAfterMs = Math.min(this.#windowMs, Math.max(1, leftMs));
    const { calls } = this.#quota;
    throw refused(`${calls} calls within ${this.#windowMs} ms are allowed; call again later`, retryAfterMs);
  }

  #begin(name: string): Taken {
    const { concurrent } = this.#quota;
    if (concurrent === undefined) return () => {};
    const underWay = this.#underWay.get(name) ?? 0;
    if (underWay >= concurrent)
      throw refused(`${concurrent} calls at the same time are allowed; wait for one to end`);
    this.#underWay.set(name, underWay + 1);
    let isGiven = false;
    return () => {
      if (isGiven) return;
      isGiven = true;
      const left = (this.#underWay.get(name) ?? 1) - 1;
      if (left === 0) this.#underWay.delete(name);
      else this.#underWay.set(name, left);
    };
  }

  /** Spells apart what is counted apart; another quota of the same parts has other calls or another window. */
  #nameOf({ principal: { workspace, user }, server, tool }: CountedCall): string {
    const { per = [], calls, server: servers, tool: tools } = this.#quota;
    return JSON.stringify([
      ...[workspace, calls ?? null, this.#windowMs, servers ?? null, tools ?? null],
      per.includes("user") ? user : null,
      per.includes("server") || per.includes("tool") ? server : null,
      per.includes("tool") ? tool : null,
    ]);
  }
}

function refused(which: string, retryAfterMs?: number): TenantryError {
  return new TenantryError("RATE_LIMITED", `This call is one too many: ${which}.`, {
    retryable: true,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}
