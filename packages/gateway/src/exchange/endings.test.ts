import { describe, expect, it, onTestFinished, vi } from "vitest";
import { callerOf, served } from "../../test/served.ts";
import { hello, lastOf, modern, post } from "../../test/wire.ts";
import { text, workspaceOf } from "../../test/workspace.ts";
import { Endings } from "./endings.ts";

describe("a gateway that is closed while it finds out who somebody is", () => {
  /** A gateway that asks at a gate who somebody is, once it is shut. */
  async function gated() {
    const { connect, listeners } = workspaceOf({ tools: { wait: () => new Promise<never>(() => {}) } });
    const { promise: open, resolve } = Promise.withResolvers<void>();
    let gate: Promise<void> | undefined;
    let waiting = 0;
    const authenticate = async (request: Request) => {
      waiting++;
      await gate;
      return callerOf(request);
    };
    const { url, gateway } = await served({ connect, authenticate });
    const shut = () => {
      gate = open;
      waiting = 0;
    };
    return { url, gateway, listeners, shut, open: resolve, waiting: () => waiting };
  }

  it.for(["subscriptions/listen", "tools/call", "a stream"])("leaves no %s behind", async (what) => {
    const { url, gateway, listeners, shut, open, waiting } = await gated();
    const { listen } = await hello(url);
    shut();
    const params = what === "tools/call" ? { name: "wait" } : { notifications: { toolsListChanged: true } };
    const { body, headers } = modern(what, params);
    const answer = what === "a stream" ? listen() : post(url, body, { headers });
    await expect.poll(waiting).toBe(1);
    await gateway.close();
    open();
    // It is over, whatever it says.
    await lastOf(await answer);
    expect(gateway.stats()).toEqual({ requests: 0, streams: 0, held: 0, questions: 0 });
    expect(listeners.size).toBe(0);
  });
});

it("keeps nothing of what is over", async () => {
  const open = new Set<unknown>();
  const add = vi.spyOn(Endings.prototype, "add").mockImplementation((one) => void open.add(one));
  const forget = vi.spyOn(Endings.prototype, "delete").mockImplementation((one) => void open.delete(one));
  onTestFinished(() => [add, forget].forEach((spy) => spy.mockRestore()));
  const { connect } = workspaceOf({ tools: { note: () => text("noted") } });
  const { url, gateway } = await served({ connect });
  const client = await hello(url);
  const leaving = new AbortController();
  await client.listen(leaving.signal);
  const subscription = modern("subscriptions/listen", { notifications: { toolsListChanged: true } });
  await post(url, subscription.body, { headers: subscription.headers, signal: leaving.signal });
  expect(open.size).toBe(2);
  await client.request("tools/call", { name: "note" });
  const call = modern("tools/call", { name: "note" });
  await lastOf(await post(url, call.body, { headers: call.headers }));
  expect(open.size).toBe(2);
  leaving.abort();
  await expect.poll(() => gateway.stats().streams).toBe(0);
  expect([open.size, add.mock.calls.length]).toEqual([0, 4]);
});
