import { randomUUID } from "node:crypto";
import type { SessionRecord } from "../ledger.ts";
import { nameOf, type TokenHolder } from "../people.ts";

/** A legacy session as its server knows it. */
export interface Session {
  readonly id: string;
  /** The token that it was made with. */
  readonly owner: TokenHolder;
  state: SessionRecord["state"];
  told: boolean;
  spared: boolean;
  usedAt: number;
  /** The conversation whose calls come on it; `undefined` before the first. */
  conversation: string | undefined;
}

/** Every session that a server ever made: one that is over still tells whose it was. */
export class Sessions {
  readonly #byId = new Map<string, Session>();

  begin(owner: TokenHolder): Session {
    const session: Session = {
      ...{ id: randomUUID(), owner, state: "alive" },
      ...{ told: false, spared: false, usedAt: Date.now(), conversation: undefined },
    };
    this.#byId.set(session.id, session);
    return session;
  }

  find(id: string | undefined): Session | undefined {
    return id === undefined ? undefined : this.#byId.get(id);
  }

  records(): readonly SessionRecord[] {
    return [...this.#byId.values()].map(({ id, owner, state, told, spared, usedAt }) => ({
      ...{ id, state, told, spared, usedAt },
      person: nameOf(owner),
    }));
  }
}
