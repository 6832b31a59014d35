import type { Clock, Principal, ServerId } from "@tenantry/core";
import { RecentMap } from "../recent-map.ts";

/** What was granted anew because a server wanted more, so that a server that always wants more is heard a few times only. */
export class StepUps {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #maxTimes: number;
  readonly #times: RecentMap<string, { readonly times: number; readonly at: number }>;

  constructor(
    clock: Clock,
    { max, ttlMs, maxTimes }: { readonly max: number; readonly ttlMs: number; readonly maxTimes: number },
  ) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#maxTimes = maxTimes;
    this.#times = new RecentMap(max);
  }

  add(principal: Principal, server: ServerId, scopes: readonly string[]): void {
    const name = nameOf(principal, server, scopes);
    this.#times.set(name, { times: this.#count(name) + 1, at: this.#clock.now() });
  }

  /** Whether the person has granted this set as often as may be. */
  areOver(principal: Principal, server: ServerId, scopes: readonly string[]): boolean {
    return this.#count(nameOf(principal, server, scopes)) >= this.#maxTimes;
  }

  #count(name: string): number {
    const known = this.#times.get(name);
    return known !== undefined && this.#clock.now() < known.at + this.#ttlMs ? known.times : 0;
  }
}

function nameOf({ workspace, user }: Principal, server: ServerId, scopes: readonly string[]): string {
  return JSON.stringify([workspace, user, server, ...[...scopes].sort()]);
}
