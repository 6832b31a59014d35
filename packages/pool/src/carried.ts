import type { Poolable } from "@tenantry/core";
import { Renewal } from "./renewal.ts";
import type { Resolved } from "./resolver.ts";

/** The credential that a connection carries, or is to be opened with; it only ever becomes newer. */
export class Carried {
  #resolved: Resolved;
  #renewal: Renewal<Resolved> | undefined;

  constructor(resolved: Resolved) {
    this.#resolved = resolved;
  }

  get resolved(): Resolved {
    return this.#resolved;
  }

  /** `undefined` where it carries none. */
  get generation(): string | undefined {
    return this.#resolved.generation;
  }

  /** Re-resolutions of the credentials that the server refused on this connection. */
  get renewal(): Renewal<Resolved> {
    return (this.#renewal ??= new Renewal());
  }

  /** Whether it was resolved no earlier than `resolved`. */
  isUpTo({ order }: Resolved): boolean {
    return order <= this.#resolved.order;
  }

  /** Takes a newer credential before there is a connection. */
  replace(resolved: Resolved): void {
    if (!this.isUpTo(resolved)) this.#resolved = resolved;
  }

  /** Has the connection adopt a credential; tells whether it did, or need not because it is the same generation. */
  adopt(resolved: Resolved, connection: Poolable<unknown>): "adopted" | "same" | "refused" {
    const { credential, generation } = resolved;
    const isSame = credential === undefined || generation === this.generation;
    if (!isSame && !connection.adopt(credential)) return "refused";
    this.#resolved = resolved;
    return isSame ? "same" : "adopted";
  }
}
