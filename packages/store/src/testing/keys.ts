import assert from "node:assert/strict";
import type { ParkedKey } from "@tenantry/core";
import { checksOf } from "./check.ts";
import { credential, rejects, within } from "./samples.ts";

/** Texts that something between the caller and the disk may take for another one. */
const ids: readonly string[] = Object.freeze([
  "a",
  "A",
  "á",
  "a\u0301",
  "a ",
  " a",
  "a'b",
  'a"b',
  "a\\b",
  "a\0",
  "a\u0001",
  "a\u0001\u0001",
  "a\u0001\u0002",
  "\0",
  "\u0001",
  "%",
  "_",
  "null",
  "undefined",
  "'; drop table tenantry_credentials; --",
  "\uffff",
  "\ud83d\ude00",
  "\u202e",
]);

export const keys = checksOf({
  async "tells keys apart by every character of every part"({ store }) {
    for (const id of ids) {
      await store.credentials.put(credential("w", id), ["user", id], { ifVersion: null });
      await store.credentials.put(credential(id, "u"), ["workspace", id], { ifVersion: null });
      await store.credentials.put(credential("w", "u", "s", id), ["slot", id], { ifVersion: null });
    }
    for (const id of ids) {
      assert.deepEqual((await store.credentials.get(credential("w", id)))?.value, ["user", id]);
      assert.deepEqual((await store.credentials.get(credential(id, "u")))?.value, ["workspace", id]);
      assert.deepEqual((await store.credentials.get(credential("w", "u", "s", id)))?.value, ["slot", id]);
      const { rows } = await store.credentials.list({ ...within("w"), user: credential("w", id).user! });
      assert.deepEqual(rows[0]?.key, credential("w", id));
    }
  },
  async "tells an absent user and an absent session from any that is there"({ store }) {
    const parked = (session?: string) =>
      ({
        workspace: "w",
        server: "s",
        digest: "d",
        user: "u",
        ...(session !== undefined && { session }),
      }) as ParkedKey;
    // In their order: an absent one is before all others.
    const names = [undefined, "", "\0", "\u0001", "null", "undefined"];
    for (const name of names) {
      await store.credentials.put(credential("w", name), name ?? null, { ifVersion: null });
      await store.parked.put(parked(name), name ?? null, { ifVersion: null });
    }
    for (const name of names) {
      assert.deepEqual((await store.credentials.get(credential("w", name)))?.value, name ?? null);
      assert.deepEqual((await store.parked.get(parked(name)))?.value, name ?? null);
    }
    const { rows } = await store.credentials.list(within("w"));
    assert.deepEqual(
      rows.map(({ key }) => key.user as string | undefined),
      names,
    );
  },
  async "refuses a part that is there and undefined, unknown, no text or broken text"({ store }) {
    const key = credential("w", "u");
    for (const wrong of [
      { ...key, user: undefined },
      { ...key, usr: "x" },
      { ...key, slot: 1 },
      { ...key, slot: "\ud800" },
      { workspace: "w" },
      Object.create(key) as unknown,
      null,
      "w",
    ]) {
      await rejects(store.credentials.get(wrong as never), "ARGUMENT_INVALID");
      await rejects(store.credentials.put(wrong as never, 1, { ifVersion: null }), "ARGUMENT_INVALID");
      await rejects(store.credentials.delete(wrong as never), "ARGUMENT_INVALID");
    }
  },
  async "keeps the longest keys that it takes, and refuses longer ones"({ store }) {
    // Random, because an index that packs its entries would hold more of anything else.
    const text = Array.from({ length: 2_600 }, () =>
      String.fromCharCode(33 + Math.floor(Math.random() * 90)),
    ).join("");
    await store.verdicts.put({ url: text }, 1, { ifVersion: null });
    await store.clients.put({ issuer: text.slice(0, 1_300), callbackUrl: text.slice(1_300) }, 1, {
      ifVersion: null,
    });
    assert.equal((await store.verdicts.get({ url: text }))?.value, 1);
    await rejects(store.verdicts.put({ url: `${text}x` }, 1, { ifVersion: null }), "ARGUMENT_INVALID");
    await rejects(store.verdicts.get({ url: "€".repeat(900) }), "ARGUMENT_INVALID");
  },
});
