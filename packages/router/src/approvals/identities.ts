import type { Connection } from "@tenantry/core";

/** What servers say that they are, each as one object for as long as its connection lasts. */
export class Identities {
  readonly #known = new WeakMap<Connection, object>();

  /**
   * The name, the version and the instructions of a server; `undefined` where it was never asked, which a modern one need
   * not be.
   */
  of(connection: Connection): object | undefined {
    let identity = this.#known.get(connection);
    if (identity !== undefined) return identity;
    const { era, serverInfo = null, instructions = null } = connection;
    if (era === "modern" && serverInfo === null && instructions === null) return undefined;
    identity = Object.freeze({ serverInfo, instructions });
    this.#known.set(connection, identity);
    return identity;
  }
}
