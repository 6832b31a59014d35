import {
  TenantryError,
  type CatalogKey,
  type Json,
  type ListKey,
  type PutOptions,
  type Row,
} from "@tenantry/core";
import type { CatalogStore } from "../src/catalog/saved-catalogs.ts";

type Key = CatalogKey | ListKey;

/** What a store is asked to do, as a test holds it up. */
export type Verb = "get" | "put" | "delete" | "clear";

/** As much of a store as saved lists need; whatever is asked of it can be held up. */
export function listsInMemory() {
  const asked: Verb[] = [];
  const held = new Map<Verb, Promise<void>>();
  const slice = () => {
    const rows = new Map<string, Row & { readonly key: Key }>();
    let versions = 0;
    const ask = async (verb: Verb) => {
      asked.push(verb);
      await held.get(verb);
    };
    return {
      rows,
      async get(key: Key) {
        const row = rows.get(JSON.stringify(key));
        await ask("get");
        return row;
      },
      async put(key: Key, value: Json, { ifVersion, expiresAt }: PutOptions) {
        await ask("put");
        const id = JSON.stringify(key);
        if ((rows.get(id)?.version ?? null) !== ifVersion)
          throw new TenantryError("STORE_CONFLICT", "It was written meanwhile.");
        const version = String(++versions);
        rows.set(id, { key, value, version, ...(expiresAt !== undefined && { expiresAt }) });
        return version;
      },
      async delete(key: Key) {
        await ask("delete");
        rows.delete(JSON.stringify(key));
      },
      async clear(within: Partial<CatalogKey>) {
        await ask("clear");
        const parts = Object.entries(within);
        const isMeant = (key: Key) => parts.every(([name, part]) => key[name as keyof Key] === part);
        for (const [id, { key }] of rows) if (isMeant(key)) rows.delete(id);
        return 0;
      },
    };
  };
  const slices = { catalogs: slice(), lists: slice() };
  /** Has whatever is asked by this verb wait until the function is called that it gives. */
  const hold = (verb: Verb) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    held.set(verb, promise);
    return () => {
      held.delete(verb);
      resolve();
    };
  };
  const keys = () => [...slices.catalogs.rows.values()].map(({ key }) => key as CatalogKey);
  return { lists: slices as unknown as CatalogStore, asked, hold, keys };
}
