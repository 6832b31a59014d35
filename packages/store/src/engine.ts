import type { AuditEntry, Counter, StoreChange, StoreLease, UrgentOptions, Version } from "@tenantry/core";
import type { KeyTexts, Selection } from "./key.ts";
import type { SliceShape } from "./slice-shape.ts";

/** A row as a backend keeps it. */
export interface StoredRow {
  readonly key: KeyTexts;
  /** JSON text. */
  readonly value: string;
  readonly version: Version;
  readonly expiresAt: number | null;
}

/** Rows of one slice. */
export interface Target {
  readonly shape: SliceShape;
  readonly selection: Selection;
}

/** What is written, and under which conditions. */
export interface Write {
  readonly value: string;
  readonly version: Version;
  readonly expiresAt: number | null;
  readonly ifVersion: Version | null;
  readonly lease?: StoreLease | undefined;
  readonly urgent?: boolean | undefined;
}

/** Which rows make up a page: those after a place, at most so many. */
export interface PageRequest<P> {
  readonly after: P | undefined;
  readonly limit: number;
}

/** The rows of a page, and whether there are others after them. */
export interface Rows<R> {
  readonly rows: readonly R[];
  readonly more: boolean;
}

/** An audit entry as a backend keeps it; a higher place is a later entry. */
export interface StoredEntry {
  readonly place: number;
  readonly entry: Omit<AuditEntry, "detail">;
  /** JSON text. */
  readonly detail: string;
}

/** What selects audit entries. */
export interface EntrySelection {
  readonly workspace: string;
  readonly user: string | undefined;
}

/** What a backend does. It is given what has been checked, and never sees a key or a value that it cannot keep. */
export interface Engine {
  get(shape: SliceShape, key: KeyTexts, options?: UrgentOptions): Promise<StoredRow | undefined>;
  put(shape: SliceShape, key: KeyTexts, write: Write): Promise<void>;
  delete(shape: SliceShape, key: KeyTexts, ifVersion: Version | undefined): Promise<void>;
  page(shape: SliceShape, selection: Selection, request: PageRequest<KeyTexts>): Promise<Rows<StoredRow>>;
  /** Deletes all of it or nothing. */
  clear(targets: readonly Target[]): Promise<number>;
  acquire(name: string, ttlMs: number): Promise<StoreLease | undefined>;
  renew(lease: StoreLease, ttlMs: number): Promise<StoreLease>;
  release(lease: StoreLease): Promise<void>;
  /** Adds to a counter, or begins one where there is none or it has ended. */
  add(name: string, points: number, ttlMs: number): Promise<Counter>;
  counter(name: string): Promise<Counter | undefined>;
  resetCounter(name: string): Promise<void>;
  append(entry: StoredEntry["entry"], detail: string): Promise<void>;
  entries(selection: EntrySelection, request: PageRequest<number>): Promise<Rows<StoredEntry>>;
  watch(listener: (change: StoreChange) => void): Disposable;
  close(): Promise<void>;
}
