import type { ServerRef } from "@tenantry/core";
import type { KeptLists } from "./kept-lists.ts";
import type { Kind } from "./kind.ts";
import type { KnownList } from "./known-list.ts";

/** Of how many lists it is remembered that they are everybody's. */
const maxPublic = 1_024;

/** The lists that their servers say are the same for everybody, by what decides how a server is reached. */
export class PublicLists {
  readonly #lists: KeptLists;
  readonly #known = new Map<string, KnownList>();

  constructor(lists: KeptLists) {
    this.#lists = lists;
  }

  find<K extends Kind>({ digest }: ServerRef, kind: K): KnownList<K> | undefined {
    return this.#known.get(`${kind} ${digest}`) as KnownList<K> | undefined;
  }

  learn({ digest }: ServerRef, known: KnownList): void {
    this.#lists.hold(known.list);
    const [oldest] = this.#known.keys();
    this.#forget(`${known.list.kind} ${digest}`);
    if (oldest !== undefined && this.#known.size >= maxPublic) this.#forget(oldest);
    this.#known.set(`${known.list.kind} ${digest}`, known);
  }

  /** A list is public no more, or has changed. */
  forget({ digest }: ServerRef, kind: Kind): void {
    this.#forget(`${kind} ${digest}`);
  }

  #forget(key: string): void {
    const known = this.#known.get(key);
    if (known === undefined) return;
    this.#known.delete(key);
    this.#lists.letGo(known.list);
  }
}
