import type { TenantryError } from "@tenantry/core";
import type { ItemList } from "./item-list.ts";
import type { Kind } from "./kind.ts";

/** What is off about a list that is known. */
export type Trouble =
  /** The server has said that it changed. */
  | "changed"
  /** The server could not be asked again. */
  | { readonly error: TenantryError; readonly at: number };

/** A list as it was read, with all that decides whether it is still good. */
export class KnownList<K extends Kind = Kind> {
  readonly list: ItemList<K>;
  /** When it was read, in milliseconds since the Unix epoch. */
  readonly readAt: number;
  /** For how long the server says that it is good, in milliseconds (MCP 2026-07-28, `ttlMs`); `undefined`: it does not say. */
  readonly ttlMs: number | undefined;
  /** What the server said that it is; absent where it was not asked. */
  readonly identity: object | undefined;
  trouble: Trouble | undefined = undefined;

  constructor(
    list: ItemList<K>,
    readAt: number,
    { ttlMs, identity }: { readonly ttlMs: number | undefined; readonly identity: object | undefined },
  ) {
    this.list = list;
    this.readAt = readAt;
    this.ttlMs = ttlMs;
    this.identity = identity;
  }

  /** Why the server could not be asked again, where that is so. */
  get error(): TenantryError | undefined {
    return typeof this.trouble === "object" ? this.trouble.error : undefined;
  }

  /**
   * How good it is: `current`; `old`, which is given while it is asked for anew; or `over`, which is not given while the
   * server can be asked, because that said for how long, or that it has changed.
   */
  age(now: number, listTtlMs: number): "current" | "old" | "over" {
    if (this.trouble === "changed") return "over";
    // A clock that was set back must not keep a list for ever.
    const age = Math.max(0, now - this.readAt);
    if (this.ttlMs !== undefined) return age < this.ttlMs && this.trouble === undefined ? "current" : "over";
    return age < listTtlMs && this.trouble === undefined ? "current" : "old";
  }
}
