import type { Target } from "@tenantry/core";
import type { Slot, SlotHolder } from "./caps/slot.ts";
import type { PermitLane } from "./caps/permits.ts";
import type { EntryHost } from "./entry-host.ts";
import type { Admission } from "./trouble/admission.ts";
import type { Trouble } from "./trouble/trouble.ts";

/** What the pool knows of a target that an entry may be made for. */
export interface Admitted {
  readonly trouble: Trouble;
  /** What the connection may be opened with. */
  readonly admission: Admission;
}

type Accounts = Pick<EntryHost<never, unknown>, "capacity" | "calls" | "troubles">;

/** Where one entry counts: towards the caps on connections and on calls, and to the trouble with its server. */
export class Standing {
  readonly slot: Slot;
  /** Where its calls wait for their turn. */
  readonly lane: PermitLane;
  readonly trouble: Trouble;
  readonly #accounts: Accounts;
  readonly #admission: Admission;
  #isForgotten = false;

  constructor(
    accounts: Accounts,
    { trouble, admission }: Admitted,
    { id, target, holder }: { readonly id: string; readonly target: Target; readonly holder: SlotHolder },
  ) {
    this.slot = accounts.capacity.slot(target, holder);
    this.lane = accounts.calls.lane(target, id);
    this.trouble = trouble;
    this.#accounts = accounts;
    this.#admission = admission;
  }

  /** The connection is open. Many a one opens without a word to its server: only a call's answer tells how that one is. */
  opened(): void {
    this.#accounts.capacity.opened(this.slot);
    this.trouble.left(this.#admission);
  }

  /** The connection could not be opened. */
  failed(failure: unknown, generation: string | undefined): void {
    this.trouble.failed(this.#admission, failure, "opening", generation);
  }

  /** The connection ends; whoever waits for its slot may have it. */
  ended(): void {
    this.trouble.left(this.#admission);
    this.#accounts.capacity.release(this.slot);
  }

  /** What became of the last call is known; only then may the trouble with the server be forgotten. */
  forget(): void {
    if (this.#isForgotten) return;
    this.#isForgotten = true;
    this.#accounts.calls.drop(this.lane);
    this.#accounts.troubles.drop(this.trouble);
  }
}
