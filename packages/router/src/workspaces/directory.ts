import {
  announce,
  RecentMap,
  type Clock,
  type ServerKey,
  type Store,
  type StoreChange,
  type WorkspaceId,
} from "@tenantry/core";
import type { RouterLimits } from "../limits.ts";
import type { WorkspaceRouter } from "../router.ts";
import type { RoutedServer } from "../routing.ts";
import type { RouteState, UpstreamSwitch } from "../upstreams/upstream-switch.ts";
import {
  abandoned,
  mergeEntries,
  outdated,
  usable,
  type Entries,
  type LoadedWorkspace,
  type ServerSelection,
} from "./loaded-workspace.ts";
import { isSameState, type BoundServer, type EntryParts, type StoredDefinitions } from "./server-entry.ts";
import { ServerRows } from "./server-rows.ts";

/** What a directory is made of. */
export interface DirectoryOptions {
  readonly store: Pick<Store, "servers" | "watch">;
  readonly definitions: StoredDefinitions;
  readonly clock: Pick<Clock, "now">;
  readonly limits: RouterLimits;
  /** The servers that the host's code gives a workspace; the same list every time. */
  readonly base: (workspace: WorkspaceId) => readonly BoundServer[];
  /** Routes the calls of a workspace to these servers. */
  readonly open: (workspace: WorkspaceId, servers: readonly RoutedServer[]) => WorkspaceRouter;
  /** Forgets what is known of a server's lists, which is another one now. */
  readonly forget: (server: ServerKey) => void;
  /** Lends the selected connections to nobody new, and lets those who have one finish. */
  readonly retire: (selection: ServerSelection) => Promise<void>;
}

/** What is known of one workspace. */
interface Slot {
  /** Counts what was heard of changes; what was read before the last of them is old. */
  heard: number;
  loaded?: { readonly at: number; readonly workspace: LoadedWorkspace };
  loading?: Promise<LoadedWorkspace>;
}

/** How often a workspace is read again that is written all the time. */
const maxReadings = 4;

/**
 * The workspaces and their servers as the code and the store have them together. A workspace is read when it is first
 * needed, once for all who wait, and again after a change; in between it is at hand.
 */
export class Directory {
  readonly rows: ServerRows;
  readonly options: DirectoryOptions;
  readonly #parts: EntryParts;
  readonly #slots: RecentMap<WorkspaceId, Slot>;
  #watching: Disposable | undefined;
  #isClosed = false;
  #resyncs = 0;

  constructor(options: DirectoryOptions) {
    const { store, definitions, limits } = options;
    this.options = options;
    this.rows = new ServerRows(store);
    this.#slots = new RecentMap(limits.maxWorkspacesKept);
    const onRolledBack: EntryParts["onRolledBack"] = (...rolledBack) => this.#rolledBack(...rolledBack);
    this.#parts = { definitions, limits, onRolledBack };
  }

  /** The workspace as it is now: at once where that is known. */
  current(workspace: WorkspaceId): LoadedWorkspace | Promise<LoadedWorkspace> {
    const slot = this.#slotOf(workspace);
    const { loaded } = slot;
    return loaded?.at === this.#heard(slot) ? loaded.workspace : this.#load(workspace, slot);
  }

  /** Reads a workspace again, of which the caller knows that something has changed. */
  async refresh(workspace: WorkspaceId): Promise<LoadedWorkspace> {
    this.#slotOf(workspace).heard++;
    return this.current(workspace);
  }

  /** Hears of no change any more. */
  close(): void {
    this.#isClosed = true;
    this.#watching?.[Symbol.dispose]();
  }

  #slotOf(workspace: WorkspaceId): Slot {
    let slot = this.#slots.get(workspace);
    if (slot === undefined) this.#slots.set(workspace, (slot = { heard: 0 }));
    return slot;
  }

  /** Grows with every change that concerns the workspace. */
  #heard({ heard }: Slot): number {
    return heard + this.#resyncs;
  }

  #load(workspace: WorkspaceId, slot: Slot): Promise<LoadedWorkspace> {
    return (slot.loading ??= this.#read(workspace, slot).finally(() => delete slot.loading));
  }

  /** What was written while it was read may be missing from what was read, so that it is read until nothing was. */
  async #read(workspace: WorkspaceId, slot: Slot): Promise<LoadedWorkspace> {
    if (!this.#isClosed) this.#watching ??= this.options.store.watch((change) => this.#hear(change));
    for (let readings = 1; ; readings++) {
      const at = this.#heard(slot);
      const rows = await this.rows.list(workspace, this.options.limits.maxServers);
      const base = this.options.base(workspace);
      const known = slot.loaded?.workspace;
      const entries = await mergeEntries(workspace, { base, rows }, this.#parts, known?.entries);
      if (this.#heard(slot) !== at && readings < maxReadings) continue;
      const loaded = known?.entries === entries ? known : this.#opened(workspace, entries, base);
      slot.loaded = { at, workspace: loaded };
      if (known !== undefined) this.#compare(workspace, known.entries, entries);
      return loaded;
    }
  }

  #opened(workspace: WorkspaceId, entries: Entries, base: readonly BoundServer[]): LoadedWorkspace {
    const servers = usable(entries, base as readonly RoutedServer[]);
    return Object.freeze({ entries, routed: this.options.open(workspace, servers) });
  }

  #hear(change: StoreChange): void {
    if (change.kind === "resync") {
      this.#resyncs++;
    } else if (change.slice === "servers") {
      const { workspace } = change.key;
      const slot = this.#slots.get(workspace);
      if (slot === undefined) return;
      slot.heard++;
      // Connections that nobody may have any more are not to wait for the next call.
      if (slot.loaded !== undefined) void this.#load(workspace, slot).catch(() => {});
    }
  }

  #compare(workspace: WorkspaceId, before: Entries, after: Entries): void {
    for (const selection of outdated(workspace, before, after)) this.#retire(selection);
    for (const [server, entry] of before)
      if (after.get(server) !== entry) this.options.forget({ workspace, server });
    for (const [server, { way }] of after) {
      const state = way?.state;
      const earlier = before.get(server)?.way?.state;
      if (state === undefined || earlier === undefined || isSameState(state, earlier)) continue;
      const why = state.rolledBack && { rolledBack: state.rolledBack.reason };
      announce("tenantry:router:route", () => ({
        ...{ workspace, server, from: earlier.now, to: state.now },
        ...why,
      }));
    }
  }

  /** The switch has changed already; the store and the other processes follow. */
  #rolledBack(key: ServerKey, way: UpstreamSwitch, tried: RouteState): void {
    const { state } = way;
    const why = state.rolledBack && { rolledBack: state.rolledBack.reason };
    announce("tenantry:router:route", () => ({ ...key, from: tried.now, to: state.now, ...why }));
    this.options.forget(key);
    for (const selection of abandoned(key, way, tried, state)) this.#retire(selection);
    const change = this.rows.change(key, (stored) =>
      stored.route !== undefined && isSameState(stored.route, tried) ? { ...stored, route: state } : stored,
    );
    // Where the store cannot be written to, this process stays back all the same.
    change.catch(() => {});
  }

  #retire(selection: ServerSelection): void {
    this.options.retire(selection).catch(() => {});
  }
}
