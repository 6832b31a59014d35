import type { Store, StoreChange, WorkspaceId } from "@tenantry/core";
import { expect, it } from "vitest";
import { approvalsInMemory } from "../../test/approvals-in-memory.ts";
import { toolServer } from "../../test/memory-pool.ts";
import { workspace } from "../../test/workspace.ts";

const tool = { server: "docs", kind: "tool", name: "read" } as never;

/** Two processes over one store, which tells the first of nothing but that something may have changed. */
function processes() {
  const store = approvalsInMemory();
  let tell = (_: StoreChange) => {};
  let reading: Promise<void> | undefined;
  const approvals: Store["approvals"] = {
    ...store.approvals,
    async list(...asked) {
      const page = await store.approvals.list(...asked);
      const { promise, resolve } = Promise.withResolvers<void>();
      release = resolve;
      if (isSlow) reading = promise;
      await reading;
      return page;
    },
  };
  let isSlow = false;
  let release = () => {};
  const watch: Store["watch"] = (listener) => {
    tell = listener;
    return { [Symbol.dispose]: () => {} };
  };
  const guards = { approvals: "trust-on-first-use" } as const;
  const docs = toolServer(["read"]);
  const here = workspace({ docs }, {}, { guards, store: { ...store, approvals, watch } });
  const elsewhere = workspace({ docs }, {}, { guards, store }).all.approvals("acme" as WorkspaceId);
  return {
    ada: here.as("ada"),
    revoke: () => elsewhere.revoke(tool, "eve"),
    resync: () => tell({ kind: "resync" }),
    /** Has what is being read be given only after `release`. */
    hold: () => {
      isSlow = true;
      return () => {
        isSlow = false;
        reading = undefined;
        release();
      };
    },
  };
}

const refused = { code: "APPROVAL_REQUIRED", approval: { kind: "tool", name: "read" } };

it("what was approved is looked up again once the store may have left something untold", async () => {
  const { ada, revoke, resync } = processes();
  // The second one has read what the first one has written.
  for (let times = 0; times < 2; times++) await ada.callTool("docs__read");
  await revoke();
  await ada.callTool("docs__read");
  resync();
  await expect(ada.callTool("docs__read")).rejects.toMatchObject(refused);
  expect((await ada.listTools()).tools).toEqual([]);
});

it("what was being read then is read once more", async () => {
  const { ada, revoke, resync, hold } = processes();
  for (let times = 0; times < 2; times++) await ada.callTool("docs__read");
  resync();
  const release = hold();
  const call = ada.callTool("docs__read");
  call.catch(() => {});
  await new Promise(setImmediate);
  await revoke();
  resync();
  release();
  await expect(call).rejects.toMatchObject(refused);
});
