import { setImmediate as settle } from "node:timers/promises";
import { TenantryError, type CloseReason, type Connection, type ServerEvent } from "@tenantry/core";
import { expect, it } from "vitest";
import { toolServer } from "../../test/memory-pool.ts";
import { workspace } from "../../test/workspace.ts";

/** A server that is listened to: it tells of changes, and is lost, as a test says. */
function heard() {
  const tellers: ((event: ServerEvent) => void)[] = [];
  let lose = (_: CloseReason) => {};
  const subscribe: Connection["subscribe"] = async (honored, tell) => {
    const { promise, resolve } = Promise.withResolvers<CloseReason>();
    tellers.push(tell);
    lose = resolve;
    const close = async () => resolve({ kind: "closed" });
    return { honored, closed: promise, close, [Symbol.asyncDispose]: close };
  };
  const made = workspace({ docs: { ...toolServer(["read"]), subscribe } });
  const told: string[] = [];
  return {
    ...made,
    told,
    tellers,
    subscribe: () =>
      made
        .as("ada")
        .subscribe({ tools: true, prompts: true, resources: true }, ({ kind }) => told.push(kind)),
    lose: (reason: CloseReason) => lose(reason),
  };
}

const quietMs = 200;
const retryMs = 1_000;

it("takes every list for changed once a server is heard again, because it may have told of it meanwhile", async () => {
  const { as, clock, pool, told, tellers, lose, subscribe } = heard();
  const subscription = await subscribe();
  const ada = as("ada");
  for (let times = 0; times < 2; times++) await ada.listTools();
  expect(pool.methods("docs")).toEqual(["tools/list"]);
  lose({ kind: "lost", cause: new TenantryError("CONNECTION_LOST", "It is gone.", { retryable: true }) });
  await settle();
  clock.advance(retryMs);
  await settle();
  expect([tellers.length, told]).toEqual([2, []]);
  clock.advance(quietMs);
  expect(told.toSorted()).toEqual(["prompts_changed", "resources_changed", "tools_changed"]);
  await ada.listTools();
  expect(pool.methods("docs")).toEqual(["tools/list", "tools/list"]);
  await subscription.close();
  expect(clock.pending).toBe(0);
});

it("takes a list for changed at once, and tells of it when there is an end of it", async () => {
  const { as, clock, pool, told, tellers, subscribe } = heard();
  const subscription = await subscribe();
  const ada = as("ada");
  await ada.listTools();
  tellers[0]?.({ kind: "tools_changed" });
  expect(told).toEqual([]);
  await ada.listTools();
  expect(pool.methods("docs")).toEqual(["tools/list", "tools/list"]);
  clock.advance(quietMs);
  expect(told).toEqual(["tools_changed"]);
  await subscription.close();
});
