import {
  quote,
  TenantryError,
  type ApprovalAddress,
  type ApprovalKey,
  type ApprovalNeeded,
  type Json,
  type JsonObject,
  type ServerId,
  type WorkspaceId,
} from "@tenantry/core";
import type { ApprovalBook } from "./book.ts";
import { changesBetween } from "./changes.ts";
import type { ApprovalMode } from "./modes.ts";
import { recordOf, seenAt, type ApprovalRecord } from "./record.ts";
import { idOf } from "./shelf.ts";

/** How many are pinned at the same time. */
const settledAtOnce = 8;
/** How often another definition of one thing is written down, in milliseconds: a server may give one each time. */
const pendingEveryMs = 60_000;
/** How many names one entry of the audit has. */
const maxNames = 100;

const nothing: ReadonlyMap<number, ApprovalNeeded> = new Map();

/** Something of a server, as it is defined now. */
export interface Thing extends ApprovalAddress {
  /** It changes no more: its hash is made once. */
  readonly definition: object;
}

/** Sees to it that nothing is used of one workspace's servers but what is approved. */
export class Approvals {
  readonly #book: ApprovalBook;
  readonly #workspace: WorkspaceId;
  readonly #modeOf: (server: string) => ApprovalMode;

  constructor(book: ApprovalBook, workspace: WorkspaceId, modeOf: (server: string) => ApprovalMode) {
    this.#book = book;
    this.#workspace = workspace;
    this.#modeOf = modeOf;
  }

  /** Whether anything of a server has to be approved. */
  isOn(server: string): boolean {
    return this.#modeOf(server) !== "off";
  }

  /**
   * Gives `undefined` at once for what is approved and known to be; rejects with `APPROVAL_REQUIRED` for what is not, and as
   * the store does where it cannot be read.
   */
  check(thing: Thing): Promise<void> | undefined {
    if (!this.isOn(thing.server) || this.#isKnown(thing)) return undefined;
    return this.#settle(thing).then(async (pinned) => {
      if (pinned) await this.#audit("approval.pinned", thing.server, { kind: thing.kind, name: thing.name });
    });
  }

  /**
   * Which things of a server's list are not approved, by their place in it. What is seen for the first time is pinned where
   * that is trusted. The list changes no more; one that was approved as a whole is not gone through again.
   */
  async review(
    server: ServerId,
    list: object,
    things: () => readonly Thing[],
  ): Promise<ReadonlyMap<number, ApprovalNeeded>> {
    if (!this.isOn(server)) return nothing;
    const shelf = this.#book.shelf(this.#workspace, server);
    if (shelf.holds(list)) return nothing;
    const { state } = shelf;
    const all = things();
    const needed = await this.#settleAll(all);
    if (needed.size === 0) shelf.hold(list, state);
    return new Map(
      all.flatMap((thing, at) => {
        const why = needed.get(thing);
        return why === undefined ? [] : [[at, why] as const];
      }),
    );
  }

  async #settleAll(things: readonly Thing[]): Promise<ReadonlyMap<Thing, ApprovalNeeded>> {
    const needed = new Map<Thing, ApprovalNeeded>();
    const waiting = things.filter((thing) => !this.#isKnown(thing)).values();
    const pinned: Thing[] = [];
    const settleSome = async () => {
      for (const thing of waiting) {
        try {
          if (await this.#settle(thing)) pinned.push(thing);
        } catch (failure) {
          if (!(failure instanceof TenantryError) || failure.approval === undefined) throw failure;
          needed.set(thing, failure.approval);
        }
      }
    };
    await Promise.all(Array.from({ length: settledAtOnce }, settleSome));
    const [first] = pinned;
    if (first !== undefined) {
      const names = pinned.slice(0, maxNames).map(({ name }) => name);
      await this.#audit("approval.pinned", first.server, { kind: first.kind, count: pinned.length, names });
    }
    return needed;
  }

  #isKnown(thing: Thing): boolean {
    const hash = this.#book.pins.of(thing.definition);
    const entry = this.#book.shelf(this.#workspace, thing.server).peek(idOf(thing));
    return hash !== undefined && entry?.approved === hash;
  }

  /** Says whether the thing was pinned by this; rejects with `APPROVAL_REQUIRED` where it is not approved. */
  async #settle(thing: Thing): Promise<boolean> {
    const { store, clock, pins } = this.#book;
    const hash = pins.of(thing.definition);
    const shelf = this.#book.shelf(this.#workspace, thing.server);
    const key = this.#keyOf(thing);
    let entry = await shelf.entry(idOf(thing), key);
    if (entry === null && hash !== undefined && this.#modeOf(thing.server) === "trust-on-first-use") {
      const approved = seenAt(clock.now(), hash, thing.definition);
      shelf.changed(idOf(thing));
      try {
        await store.approvals.put(key, { approved } as Json, { ifVersion: null });
        return true;
      } catch (failure) {
        if (!isConflict(failure)) throw failure;
        // Somebody else was first, perhaps with another definition.
        entry = await shelf.entry(idOf(thing), key);
      }
    }
    if (hash !== undefined && entry?.approved === hash) return false;
    // Where nothing was approved yet there is nothing to compare with, and what waits already need not be written down.
    if (hash !== undefined && entry?.approved === undefined && entry?.pending?.hash === hash)
      throw refusal(neededOf(thing, hash, {}, undefined));
    throw await this.#refusal(thing, hash);
  }

  async #refusal(thing: Thing, hash: string | undefined): Promise<TenantryError> {
    const key = this.#keyOf(thing);
    const row = await this.#book.store.approvals.get(key);
    const record = row === undefined ? {} : recordOf(row.value);
    if (hash !== undefined) await this.#remember(thing, hash, record, row?.version ?? null);
    return refusal(neededOf(thing, hash, record, thing.definition));
  }

  /** Writes down what waits for approval, so that whoever approves sees it. */
  async #remember(
    thing: Thing,
    hash: string,
    record: ApprovalRecord,
    ifVersion: string | null,
  ): Promise<void> {
    const { store, clock } = this.#book;
    const { pending } = record;
    if (pending?.hash === hash || (pending && clock.now() - pending.at < pendingEveryMs)) return;
    const next = { ...record, pending: seenAt(clock.now(), hash, thing.definition) };
    try {
      await store.approvals.put(this.#keyOf(thing), next as Json, { ifVersion });
    } catch (failure) {
      if (isConflict(failure)) return;
      throw failure;
    }
    const { kind, name } = thing;
    const approved = record.approved?.hash ?? null;
    await this.#audit("approval.needed", thing.server, { kind, name, hash, approved });
  }

  #audit(action: string, server: string, detail: JsonObject): Promise<void> {
    const { store, clock } = this.#book;
    return store.audit.append({
      workspace: this.#workspace,
      at: Math.floor(clock.now()),
      action,
      detail: { server, ...detail },
    });
  }

  #keyOf({ server, kind, name }: ApprovalAddress): ApprovalKey {
    return { workspace: this.#workspace, server, kind, name };
  }
}

/** Why something waits for approval, told by its record. */
export function neededOf(
  { server, kind, name }: ApprovalAddress,
  hash: string | undefined,
  { approved }: ApprovalRecord,
  definition: object | Json | undefined,
): ApprovalNeeded {
  const changes =
    approved?.definition === undefined || definition === undefined
      ? []
      : changesBetween(approved.definition, definition as Json);
  return Object.freeze({
    ...{ server, kind, name, changes },
    ...(hash !== undefined && { hash }),
    ...(approved !== undefined && { approved: approved.hash }),
  });
}

function refusal(approval: ApprovalNeeded): TenantryError {
  const { server, kind, name, hash, approved } = approval;
  const what = {
    launch: `The way in which the server ${quote(server)} is reached`,
    identity: `What the server ${quote(server)} says that it is`,
    tool: `The tool ${quote(name)} of the server ${quote(server)}`,
    prompt: `The prompt ${quote(name)} of the server ${quote(server)}`,
  }[kind];
  const why = approved === undefined ? "is not approved" : "has changed since it was approved";
  const next =
    hash === undefined ? "it has no canonical form, so nobody can" : "look at the changes and approve them";
  const message = `${what} ${why}; ${next}.`;
  return new TenantryError("APPROVAL_REQUIRED", message, { server, approval });
}

function isConflict(failure: unknown): boolean {
  return failure instanceof TenantryError && failure.code === "STORE_CONFLICT";
}
