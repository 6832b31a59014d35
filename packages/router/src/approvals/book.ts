import type { ApprovalKey, Clock, ServerId, Store, StoreChange, WorkspaceId } from "@tenantry/core";
import { Pins } from "./pins.ts";
import { Recent } from "./recent.ts";
import { idOf, Shelf } from "./shelf.ts";

/** Of how many servers, each in one workspace, approvals are kept in memory. */
const maxShelves = 4_096;

/** What approvals need of a store. */
export type ApprovalStore = Pick<Store, "approvals" | "audit" | "watch">;

/** All approvals of one router, and what it has read of them. */
export class ApprovalBook {
  readonly store: ApprovalStore;
  readonly clock: Clock;
  readonly pins = new Pins();
  readonly #shelves = new Recent<Shelf>(maxShelves);
  #watcher: Disposable | undefined;

  constructor(store: ApprovalStore, clock: Clock) {
    this.store = store;
    this.clock = clock;
  }

  /** What is approved of a server in a workspace. From the first time on the store's changes are heard. */
  shelf(workspace: WorkspaceId, server: ServerId): Shelf {
    this.#watcher ??= this.store.watch((change) => this.#hear(change));
    const { store, clock } = this;
    return this.#shelves.get(
      shelfOf({ workspace, server }),
      () => new Shelf({ store, clock, workspace, server }),
    );
  }

  /** Hears of changes no more. */
  close(): void {
    this.#watcher?.[Symbol.dispose]();
  }

  #hear(change: StoreChange): void {
    if (change.kind === "resync") for (const shelf of this.#shelves.values()) shelf.resync();
    else if (change.slice === "approvals") {
      this.#shelves.peek(shelfOf(change.key))?.changed(idOf(change.key));
    }
  }
}

function shelfOf({ workspace, server }: Pick<ApprovalKey, "workspace" | "server">): string {
  return JSON.stringify([workspace, server]);
}
