import {
  quote,
  TenantryError,
  type ApprovalAddress,
  type ApprovalKey,
  type ApprovalNeeded,
  type Json,
  type PageOptions,
  type Row,
  type WorkspaceId,
  type Within,
} from "@tenantry/core";
import { neededOf } from "./approvals.ts";
import type { ApprovalBook } from "./book.ts";
import { idOf } from "./shelf.ts";
import { recordOf, type ApprovalRecord, type Seen } from "./record.ts";

/** What is approved or waits for it, and since when, in milliseconds since the Unix epoch. */
export interface Approval extends ApprovalAddress {
  /** Absent: nothing is approved. `by` is absent where it was trusted on first use. */
  readonly approved?: { readonly hash: string; readonly at: number; readonly by?: string };
  /** What waits for approval. */
  readonly pending?: ApprovalNeeded & { readonly hash: string; readonly at: number };
  /** Who has taken an approval back. */
  readonly revoked?: { readonly by: string; readonly at: number };
}

/** A part of the approvals of a workspace; `next` is absent on the last. */
export interface ApprovalPage {
  readonly approvals: readonly Approval[];
  readonly next?: string;
}

/** Which approvals are listed. */
export interface ApprovalListOptions extends PageOptions {
  readonly server?: string | undefined;
}

/**
 * Where somebody decides what may be used of the servers of one workspace; what is approved in one workspace is not in
 * another. Every method rejects as the store does, and with `ARGUMENT_INVALID` for what is malformed.
 */
export interface ApprovalDesk {
  /** Lists what is approved and what waits for it, in the order of servers and names. */
  list(options?: ApprovalListOptions): Promise<ApprovalPage>;
  /**
   * Approves what waits under this address, if it is what `hash` says: what somebody has looked at. Rejects with
   * `STORE_CONFLICT` where something else waits by now, or nothing does. `by` is written into the audit.
   */
  approve(address: ApprovalAddress, hash: string, by: string): Promise<void>;
  /** Takes an approval back: it is not used again until it is approved. Does nothing where there is none. */
  revoke(address: ApprovalAddress, by: string): Promise<void>;
}

/** Opens the desk of a workspace. */
export function approvalDesk(book: ApprovalBook, workspace: WorkspaceId): ApprovalDesk {
  const { store, clock } = book;
  const keyOf = ({ server, kind, name }: ApprovalAddress): ApprovalKey => ({ workspace, server, kind, name });
  const decide = async (
    action: "approval.approved" | "approval.revoked",
    [address, by]: readonly [ApprovalAddress, string],
    change: (record: ApprovalRecord) => ApprovalRecord | undefined,
  ) => {
    checkBy(by);
    const key = keyOf(address);
    const row = await store.approvals.get(key);
    const next = change(row === undefined ? {} : recordOf(row.value));
    if (row === undefined || next === undefined) return;
    await store.approvals.put(key, next as Json, { ifVersion: row.version });
    const { server, kind, name } = address;
    // Here it holds at once, whenever the store tells of it.
    book.shelf(workspace, server).changed(idOf(key));
    const hash = (next.approved ?? next.pending)?.hash ?? null;
    await store.audit.append({
      ...{ workspace, action, at: Math.floor(clock.now()) },
      detail: { server, kind, name, hash, by },
    });
  };
  return Object.freeze<ApprovalDesk>({
    async list({ server, ...options } = {}) {
      const within = { workspace, ...(server !== undefined && { server }) } as Within<ApprovalKey>;
      const { rows, next } = await store.approvals.list(within, options);
      return {
        approvals: rows.map(({ key, ...row }) => approvalOf(key, row)),
        ...(next !== undefined && { next }),
      };
    },
    approve: (address, hash, by) =>
      decide("approval.approved", [address, by], ({ approved, pending }) => {
        if (approved?.hash === hash) return undefined;
        if (pending?.hash !== hash) throw outdated(address);
        return { approved: { ...pending, at: clock.now(), by } };
      }),
    revoke: (address, by) =>
      decide("approval.revoked", [address, by], ({ approved, pending }) => {
        if (approved === undefined) return undefined;
        const { by: _by, ...seen } = approved;
        return { pending: pending ?? (seen satisfies Seen), revoked: { by, at: clock.now() } };
      }),
  });
}

function approvalOf({ server, kind, name }: ApprovalKey, { value }: Row): Approval {
  const { approved, pending, revoked } = recordOf(value);
  const address = { server, kind, name };
  return {
    ...address,
    ...(approved && { approved: shown(approved) }),
    ...(pending && {
      pending: {
        ...neededOf(address, pending.hash, { approved }, pending.definition),
        hash: pending.hash,
        at: pending.at,
      },
    }),
    ...(revoked && { revoked }),
  };
}

function shown({ hash, at, by }: NonNullable<ApprovalRecord["approved"]>) {
  return { hash, at, ...(by !== undefined && { by }) };
}

function outdated({ kind, name }: ApprovalAddress): TenantryError {
  const what = name === "" ? `that ${kind}` : `the ${kind} ${quote(name)}`;
  const message = `What waits for approval of ${what} is not what was looked at; list it again.`;
  return new TenantryError("STORE_CONFLICT", message);
}

function checkBy(by: unknown): void {
  if (typeof by === "string" && by !== "" && by.length <= 256) return;
  throw new TenantryError("ARGUMENT_INVALID", "Say by whom: give a text of 1 to 256 characters.");
}
