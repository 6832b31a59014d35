import assert from "node:assert/strict";
import type { AuditEntry, Cursor, UserId } from "@tenantry/core";
import { checksOf } from "./check.ts";
import { rejects, within } from "./samples.ts";

export const audit = checksOf({
  async "lists audit entries of one workspace, or of one user in it, in the order of writing"({
    store,
    other,
  }) {
    const entries = Array.from({ length: 7 }, (_, index) => entry(index));
    for (const one of entries) await store.audit.append(one);
    const own = entries.filter(({ workspace }) => workspace === within("w").workspace);
    assert.deepEqual((await other.audit.list(within("w"))).rows, own);
    const ada = "ada\0" as UserId;
    assert.deepEqual(
      (await store.audit.list({ ...within("w"), user: ada })).rows,
      own.filter(({ user }) => user === ada),
    );
  },
  async "gives audit entries page by page"({ store }) {
    const all: AuditEntry[] = [];
    for (let index = 0; index < 9; index++) await store.audit.append(entry(index));
    for (let after: Cursor | undefined, more = true; more; more = after !== undefined) {
      const page = await store.audit.list(within("w"), { after, limit: 2 });
      all.push(...page.rows);
      after = page.next;
    }
    assert.deepEqual(all, (await store.audit.list(within("w"))).rows);
    assert.equal(all.length, 6);
  },
  async "refuses audit entries and selections that are none"({ store }) {
    for (const wrong of [
      { workspace: undefined },
      { workspace: "" },
      { at: Number.NaN },
      { action: "" },
      { detail: { a: undefined } },
      { user: "\ud800" },
    ]) {
      await rejects(store.audit.append({ ...entry(1), ...wrong } as AuditEntry), "ARGUMENT_INVALID");
    }
    await rejects(store.audit.append(undefined as never), "ARGUMENT_INVALID");
    for (const wrong of [undefined, null, {}, { workspace: "w", user: undefined }, { user: "ada" }]) {
      await rejects(store.audit.list(wrong as never), "ARGUMENT_INVALID");
    }
    assert.deepEqual((await store.audit.list(within("w"))).rows, []);
  },
});

/** Every third is of another workspace, and every second of no user. */
function entry(index: number): AuditEntry {
  return {
    ...within(index % 3 === 2 ? "v" : "w"),
    ...(index % 2 === 0 && { user: "ada\0" as UserId }),
    at: 1_000 - index,
    action: "credential.connected",
    detail: { index },
  };
}
