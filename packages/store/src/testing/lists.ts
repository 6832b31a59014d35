import assert from "node:assert/strict";
import type { Cursor, KeyedRow, Page, PageOptions } from "@tenantry/core";
import { checksOf } from "./check.ts";
import { credential, rejects, serverKey, within } from "./samples.ts";

/** In the order of their code points; by UTF-16 units the last two would change places. */
const ordered: readonly string[] = Object.freeze([
  "\0",
  "\u0001",
  "\u0002",
  "A",
  "Z",
  "a",
  "a\0",
  "ab",
  "á",
  "\uffff",
  "\ud83d\ude00",
]);

export const lists = checksOf({
  async "lists in the order of the keys' code points, whatever the order of writing"({ store }) {
    for (const server of ordered.toReversed()) {
      await store.servers.put(serverKey("w", server), server, { ifVersion: null });
    }
    const { rows, next } = await store.servers.list(within("w"));
    assert.deepEqual(
      rows.map(({ value }) => value),
      ordered,
    );
    assert.equal(next, undefined);
    assert.deepEqual((await store.servers.scan()).rows, rows);
  },
  async "gives a list page by page, each row once, and says where it goes on"({ store }) {
    for (let index = 0; index < 23; index++) {
      await store.credentials.put(credential(index % 2 ? "w" : "v", `u${index % 3}`, `s${index}`), index, {
        ifVersion: null,
      });
    }
    const whole = (await store.credentials.scan()).rows;
    assert.equal(whole.length, 23);
    for (const limit of [1, 2, 22, 23, 24]) {
      assert.deepEqual(await readAll((page) => store.credentials.scan(page), limit), whole);
      const own = await readAll((page) => store.credentials.list(within("w"), page), limit);
      assert.deepEqual(
        own,
        whole.filter(({ key }) => key.workspace === within("w").workspace),
      );
    }
  },
  async "goes on in a list after rows before and after the place have been deleted"({ store }) {
    for (const server of ["a", "b", "c", "d"])
      await store.servers.put(serverKey("w", server), server, { ifVersion: null });
    const { next } = await store.servers.list(within("w"), { limit: 2 });
    for (const server of ["a", "b", "c"]) await store.servers.delete(serverKey("w", server));
    const { rows } = await store.servers.list(within("w"), { limit: 2, after: next });
    assert.deepEqual(
      rows.map(({ value }) => value),
      ["d"],
    );
  },
  async "bounds a page by rows and by text, and yet goes on"({ store }) {
    const text = "x".repeat(1_000_000);
    for (let index = 0; index < 12; index++)
      await store.servers.put(serverKey("w", `s${index}`), text, { ifVersion: null });
    const { rows, next } = await store.servers.list(within("w"));
    assert.ok(rows.length > 4 && rows.length < 12, `${rows.length} rows`);
    assert.ok(next !== undefined);
    assert.equal((await readAll((page) => store.servers.list(within("w"), page), 100)).length, 12);
  },
  async "refuses cursors of other lists and those that it never gave, and limits that are none"({ store }) {
    for (const server of ["a", "b"]) {
      await store.servers.put(serverKey("w", server), 1, { ifVersion: null });
      await store.servers.put(serverKey("v", server), 1, { ifVersion: null });
    }
    const { next } = await store.servers.list(within("w"), { limit: 1 });
    assert.ok(next !== undefined);
    await rejects(store.servers.list(within("v"), { after: next }), "ARGUMENT_INVALID");
    await rejects(store.servers.scan({ after: next }), "ARGUMENT_INVALID");
    await rejects(store.credentials.list(within("w"), { after: next }), "ARGUMENT_INVALID");
    await rejects(store.audit.list(within("w"), { after: next }), "ARGUMENT_INVALID");
    for (const after of [
      "",
      "x",
      "%",
      `${next}x`,
      "null",
      "[]",
      "%5B%5B%5D%2C%5B%5D%5D",
      1,
      null,
      "9".repeat(100_000),
    ]) {
      await rejects(store.servers.list(within("w"), { after: after as Cursor }), "ARGUMENT_INVALID");
    }
    for (const limit of [0, -1, 1.5, Number.NaN, "1"]) {
      await rejects(store.servers.list(within("w"), { limit: limit as number }), "ARGUMENT_INVALID");
    }
    assert.equal((await store.servers.list(within("w"), { limit: 1_000_000 })).rows.length, 2);
  },
});

async function readAll<K>(read: (page: PageOptions) => Promise<Page<KeyedRow<K>>>, limit: number) {
  const all: KeyedRow<K>[] = [];
  for (let after: Cursor | undefined; ;) {
    const { rows, next } = await read({ limit, after });
    all.push(...rows);
    if (next === undefined) return all;
    assert.ok(rows.length > 0, "A page without rows has another one after it.");
    after = next;
  }
}
