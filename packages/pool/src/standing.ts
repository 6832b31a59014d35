import type { Target } from "@tenantry/core";
import { revoked } from "./failure.ts";
import { selectsGuest, type Selection } from "./selection.ts";
import { Account, type Accounts } from "./account.ts";
import type { Capacity } from "./caps/capacity.ts";
import type { PermitWait } from "./caps/permit-wait.ts";
import type { Slot, SlotHolder } from "./caps/slot.ts";
import type { Admission } from "./trouble/admission.ts";
import type { Trouble } from "./trouble/trouble.ts";

/** What the pool knows of a target that an entry may be made for. */
export interface Admitted {
  readonly trouble: Trouble;
  /** What the connection may be opened with. */
  readonly admission: Admission;
}

/** Where one entry counts: towards the caps on connections and on calls, and to the trouble with its server. */
export class Standing {
  readonly slot: Slot;
  /** Of its own calls: those of whoever is alone on it, and of whom nobody knows who they are. */
  readonly account: Account;
  readonly #capacity: Capacity;
  readonly #admission: Admission;
  #waits: Set<PermitWait> | undefined;

  constructor(
    accounts: Accounts & { readonly capacity: Capacity },
    { trouble, admission }: Admitted,
    { id, target, holder }: { readonly id: string; readonly target: Target; readonly holder: SlotHolder },
  ) {
    this.slot = accounts.capacity.slot(target, holder);
    this.account = new Account(accounts, { lane: accounts.calls.lane(target, id), trouble });
    this.#capacity = accounts.capacity;
    this.#admission = admission;
  }

  /** The calls that wait for their turn on the connection, and no longer than it lasts. */
  get waits(): Set<PermitWait> {
    return (this.#waits ??= new Set());
  }

  /** Ends the selected users' calls that wait for their turn on a connection that they share. */
  refuseWaits(selection: Selection, target: Target): void {
    for (const wait of this.#waits ?? [])
      if (wait.principal && selectsGuest(selection, target, wait.principal))
        wait.refused(revoked(target.server.id));
  }

  /** Tells the calls that wait for their turn that there will be none. */
  endWaits(): void {
    for (const wait of this.#waits ?? []) wait.ended();
  }

  /** The connection is open. Many a one opens without a word to its server: only a call's answer tells how that one is. */
  opened(): void {
    this.#capacity.opened(this.slot);
    this.account.trouble.left(this.#admission);
  }

  /** The connection could not be opened. */
  failed(failure: unknown, generation: string | undefined): void {
    this.account.trouble.failed(this.#admission, failure, "opening", generation);
  }

  /** The connection ends, and nothing is left of it when `ending` settles; whoever waits for its slot may have it. */
  ended(ending: Promise<void>): void {
    this.account.trouble.left(this.#admission);
    this.#capacity.end(this.slot);
    const release = () => this.#capacity.release(this.slot);
    ending.then(release, release);
  }
}
