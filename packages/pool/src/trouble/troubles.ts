import type { Clock } from "@tenantry/core";
import { keyOf } from "../keys.ts";
import { Epochs } from "./admission.ts";
import { Breaker } from "./breaker.ts";
import type { TroubleLimits } from "./limits.ts";
import { Memories, type Memory } from "./memories.ts";
import { Transport } from "./transport.ts";
import { Trouble, type BreakEvent, type TroubleOptions, type TroubleTarget } from "./trouble.ts";

/** What a {@link Troubles} is made of. */
export interface TroublesOptions {
  readonly limits: TroubleLimits;
  readonly clock: Clock;
  /** Draws the delays, from 0 to below 1. */
  readonly random: () => number;
  /** Is told each time that calls will be refused. */
  readonly onBreak?: ((event: BreakEvent) => void) | undefined;
}

/**
 * The trouble of every target in use, and of those that were in trouble when they were used last. Targets of one
 * principal at one origin share what is known of the way there, and all of one origin whether it can be reached.
 */
export class Troubles {
  readonly #options: TroubleOptions;
  readonly #memories: Memories;
  readonly #targets = new Map<string, Memory<Trouble>>();
  readonly #transports = new Map<string, Memory<Transport>>();
  readonly #origins = new Map<string, Memory<Breaker>>();

  constructor({ limits, clock, random, onBreak = () => {} }: TroublesOptions) {
    this.#options = { limits, clock, random, onBreak, epochs: new Epochs() };
    this.#memories = new Memories({
      clock,
      periodMs: limits.breakerStableMs,
      most: limits.maxTroubles,
      mostPerOwner: limits.maxTroublesPerUser,
    });
  }

  /** How much is remembered: targets, ways to an origin, and origins. */
  get size(): number {
    return this.#targets.size + this.#transports.size + this.#origins.size;
  }

  /** The trouble of a target, the same while anybody uses it; {@link drop} ends this use. */
  of(target: TroubleTarget): Trouble {
    const make = () => {
      const parent = this.#transportOf(target);
      return { value: new Trouble(this.#options, target, parent.value), parent };
    };
    return this.#memories.use(this.#targets, target.poolKey, target.principal, make).value;
  }

  /** Ends one use of a trouble, after the last outcome was told to it. */
  drop(trouble: Trouble): void {
    const memory = this.#targets.get(trouble.target.poolKey);
    if (memory?.value === trouble) this.#memories.drop(memory);
  }

  /** Forgets what nobody uses, at once and from now on. */
  close(): void {
    this.#memories.close();
  }

  #transportOf({ origin, way, principal }: TroubleTarget): Memory<Transport> {
    return this.#memories.use(this.#transports, keyOf(way, principal), principal, () => {
      const parent = origin === undefined ? undefined : this.#originOf(origin);
      return { value: new Transport(this.#options, principal, parent?.value), parent };
    });
  }

  #originOf(origin: string): Memory<Breaker> {
    const make = () => ({ value: new Breaker(this.#options, "several"), parent: undefined });
    return this.#memories.use(this.#origins, origin, "", make);
  }
}
