import {
  RecentMap,
  type ApprovalKey,
  type Clock,
  type ServerId,
  type Store,
  type StoreChange,
  type WorkspaceId,
} from "@tenantry/core";
import { Pins } from "./pins.ts";
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
  readonly #shelves = new RecentMap<string, Shelf>(maxShelves);
  #watcher: Disposable | undefined;

  constructor(store: ApprovalStore, clock: Clock) {
    this.store = store;
    this.clock = clock;
  }

  /** What is approved of a server in a workspace. From the first time on the store's changes are heard. */
  shelf(workspace: WorkspaceId, server: ServerId): Shelf {
    this.#watcher ??= this.store.watch((change) => this.#hear(change));
    const { store, clock } = this;
    const id = shelfOf({ workspace, server });
    let shelf = this.#shelves.get(id);
    if (shelf === undefined) this.#shelves.set(id, (shelf = new Shelf({ store, clock, workspace, server })));
    return shelf;
  }

  /** Hears of changes no more. */
  close(): void {
    this.#watcher?.[Symbol.dispose]();
  }

  #hear(change: StoreChange): void {
    if (change.kind === "resync") for (const shelf of this.#shelves.values()) shelf.resync();
    else if (change.slice === "approvals") {
      this.#shelves.get(shelfOf(change.key))?.changed(idOf(change.key));
    }
  }
}

/** Every call spells it: the length says where the first of the two ends. */
function shelfOf({ workspace, server }: Pick<ApprovalKey, "workspace" | "server">): string {
  return `${server.length}:${server}${workspace}`;
}
