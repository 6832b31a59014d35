import { AsyncLocalStorage } from "node:async_hooks";
import { serverId, TenantryError } from "@tenantry/core";
import { manualClock } from "@tenantry/testing";
import { expect, it, vi } from "vitest";
import { KnownTools } from "./known-tools.ts";

/** Tools that are listed by hand. */
function known(...missing: readonly string[]) {
  const clock = manualClock();
  const within = new AsyncLocalStorage<string>();
  const listedIn: unknown[] = [];
  const warn = vi.fn();
  const unavailable = missing.map((why) => ({
    server: serverId("mail"),
    error: new TenantryError("CONNECT_FAILED", why),
  }));
  const list = vi.fn(async () => {
    listedIn.push(within.getStore());
    return { tools: [], unavailable };
  });
  const tools = within.run("the start", () => new KnownTools({ clock, list, onListed: () => {}, warn }));
  return { clock, within, listedIn, warn, list, tools };
}

it("lists anew what is a minute old, and what lacks a server after ten seconds, and nothing before", async () => {
  for (const [ms, missing] of [
    [60_000, []],
    [10_000, ["It is down."]],
  ] as const) {
    const { clock, list, tools } = known(...missing);
    await tools.refresh();
    await clock.advance(ms - 1);
    tools.latest();
    expect(list).toHaveBeenCalledTimes(1);
    await clock.advance(1);
    tools.latest();
    expect(list).toHaveBeenCalledTimes(2);
  }
});

it("lists once for all who ask meanwhile, and again for those who ask later", async () => {
  const { list, tools } = known();
  await Promise.all([tools.refresh(), tools.refresh(), Promise.resolve(tools.latest())]);
  expect(list).toHaveBeenCalledTimes(1);
  await tools.refresh();
  expect(list).toHaveBeenCalledTimes(2);
});

it("lists where it was made, and not in the request of whoever asks", async () => {
  const { within, listedIn, tools } = known();
  await within.run("ada's request", () => tools.refresh());
  expect(listedIn).toEqual(["the start"]);
});

it("says why a server is missing once as long as that is why, and of a list that fails no foreign word", async () => {
  const { warn, list, tools } = known("It is down.");
  for (let times = 0; times < 3; times++) await tools.refresh();
  expect(warn).toHaveBeenCalledExactlyOnceWith("[CONNECT_FAILED] It is down.");
  list.mockRejectedValue(new Error("a secret of the host's"));
  await tools.refresh();
  expect(warn).toHaveBeenLastCalledWith("The tools could not be listed.");
});
