import {
  RecentMap,
  TenantryError,
  type Clock,
  type CredentialRequest,
  type Principal,
  type ServerId,
} from "@tenantry/core";
import { personName } from "./person.ts";

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

  /** Forgets them: the person begins anew. */
  forget(principal: Pick<Principal, "workspace" | "user">, server: ServerId): void {
    this.#times.take(personName(principal, server));
  }

  add(principal: Principal, server: ServerId): void {
    const name = personName(principal, server);
    this.#times.set(name, { times: this.#count(name) + 1, at: this.#clock.now() });
  }

  /**
   * Throws `UNAUTHORIZED` where the person has granted more as often as may be. It counts whatever the server wanted: one
   * that asks for something new each time would else be heard for ever.
   */
  check(principal: Principal, { server, rejected }: CredentialRequest, slot: string): void {
    if (this.#count(personName(principal, server.id)) < this.#maxTimes) return;
    const challenge = rejected?.challenge;
    const what =
      "The server wants more than it can be granted: it has refused what was granted for it before.";
    throw new TenantryError("UNAUTHORIZED", what, {
      status: 403,
      delivery: "refused",
      server: server.id,
      slot,
      ...(challenge && { challenge }),
    });
  }

  #count(name: string): number {
    const known = this.#times.get(name);
    return known !== undefined && this.#clock.now() < known.at + this.#ttlMs ? known.times : 0;
  }
}
