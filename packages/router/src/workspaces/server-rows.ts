import {
  TenantryError,
  type Json,
  type ServerKey,
  type Store,
  type Version,
  type WorkspaceId,
} from "@tenantry/core";
import { readRow, rowOf, saysNothing, type StoredServer } from "./stored-server.ts";

/** A row of the store: its version, and what it says or why that cannot be read. */
export interface ServerRow {
  readonly key: ServerKey;
  readonly version: Version | undefined;
  readonly stored: StoredServer | TenantryError;
}

/** How often a row is written anew that others write at the same time. */
const maxTries = 10;

/** What the workspaces have changed of their servers, in a store. */
export class ServerRows {
  readonly #servers: Store["servers"];
  /** The last change of each row that is being changed here: the next one waits, instead of getting in its way. */
  readonly #last = new Map<string, Promise<void>>();

  constructor({ servers }: Pick<Store, "servers">) {
    this.#servers = servers;
  }

  /** Everything that a workspace has changed; throws `LIMIT_EXCEEDED` where that is more than `max` servers. */
  async list(workspace: WorkspaceId, max: number): Promise<readonly ServerRow[]> {
    const all: ServerRow[] = [];
    for (let after: string | undefined; ;) {
      const { rows, broken = [], next } = await this.#servers.list({ workspace }, { after, limit: 1_000 });
      all.push(...rows.map(({ key, version, value }) => ({ key, version, stored: readable(value) })));
      all.push(...broken.map((key) => ({ key, version: undefined, stored: notJson() })));
      if (all.length > max) {
        const why = `The workspace has more than ${max} servers in the store; delete some, or raise limits.maxServers.`;
        throw new TenantryError("LIMIT_EXCEEDED", why);
      }
      if (next === undefined) return all;
      after = next;
    }
  }

  /**
   * Reads what is stored of a server and writes what `change` makes of it, again where somebody else has written in
   * between. A row that says nothing is deleted. Rejects with `STORE_CONFLICT` where somebody always has, and with
   * `STORE_INVALID` where what is there cannot be read, unless it is `written over`.
   */
  change(
    key: ServerKey,
    change: (stored: StoredServer) => StoredServer,
    { writeOver = false }: { readonly writeOver?: boolean } = {},
  ): Promise<void> {
    const name = JSON.stringify([key.workspace, key.server]);
    const before = this.#last.get(name) ?? Promise.resolve();
    const changing = before.catch(() => {}).then(() => this.#change(key, change, writeOver));
    this.#last.set(name, changing);
    const done = () => {
      if (this.#last.get(name) === changing) this.#last.delete(name);
    };
    changing.then(done, done);
    return changing;
  }

  async #change(
    key: ServerKey,
    change: (stored: StoredServer) => StoredServer,
    writeOver: boolean,
  ): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#changeOnce(key, change, writeOver);
      } catch (failure) {
        const isConflict = failure instanceof TenantryError && failure.code === "STORE_CONFLICT";
        if (!isConflict || tries === maxTries) throw failure;
      }
    }
  }

  async #changeOnce(
    key: ServerKey,
    change: (stored: StoredServer) => StoredServer,
    writeOver: boolean,
  ): Promise<void> {
    const { version, stored } = await this.#read(key);
    if (stored instanceof TenantryError && !writeOver) throw stored;
    const before = stored instanceof TenantryError ? {} : stored;
    const after = change(before);
    if (after === before && version !== undefined) return;
    if (!saysNothing(after)) await this.#servers.put(key, rowOf(after), { ifVersion: version ?? null });
    else if (version !== undefined) await this.#servers.delete(key, { ifVersion: version });
  }

  async #read(key: ServerKey): Promise<Omit<ServerRow, "key">> {
    try {
      const row = await this.#servers.get(key);
      return row === undefined
        ? { version: undefined, stored: {} }
        : { version: row.version, stored: readable(row.value) };
    } catch (failure) {
      if (!(failure instanceof TenantryError && failure.code === "STORE_INVALID")) throw failure;
      return { version: await this.#servers.version(key), stored: failure };
    }
  }
}

function readable(value: Json): StoredServer | TenantryError {
  try {
    return readRow(value);
  } catch (failure) {
    if (failure instanceof TenantryError) return failure;
    throw failure;
  }
}

function notJson(): TenantryError {
  return new TenantryError(
    "STORE_INVALID",
    "What is stored of this server is no JSON; set it again, or delete it.",
  );
}
