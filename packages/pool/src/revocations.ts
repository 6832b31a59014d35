import type { Principal, Target } from "@tenantry/core";
import { selects, selectsGuest, type Selection } from "./selection.ts";

/** How many are remembered; for what was resolved before them, any of the forgotten ones may matter. */
const maxRemembered = 10_000;

/** What has been revoked, in order, so that a credential of before is not used once more. */
export class Revocations {
  readonly #selections: Selection[] = [];
  #count = 0;

  /** How many there have been. */
  get count(): number {
    return this.#count;
  }

  add(selection: Selection): void {
    this.#count++;
    this.#selections.push(selection);
    if (this.#selections.length > maxRemembered) this.#selections.shift();
  }

  /** Whether one that came after the first `before` means a credential of this subject for this target. */
  concern(before: number, target: Target, subject: string | undefined): boolean {
    return this.#some(before, (selection) => selects(selection, target, subject));
  }

  /** Whether one that came after the first `before` means this user among those who share the target. */
  concernGuest(before: number, target: Target, guest: Principal): boolean {
    return this.#some(before, (selection) => selectsGuest(selection, target, guest));
  }

  #some(before: number, isMeant: (selection: Selection) => boolean): boolean {
    if (before === this.#count) return false;
    const forgotten = this.#count - this.#selections.length;
    return before < forgotten || this.#selections.slice(before - forgotten).some(isMeant);
  }
}
