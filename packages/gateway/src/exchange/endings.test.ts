import { describe, expect, it } from "vitest";
import { callerOf, served } from "../../test/served.ts";
import { hello, lastOf, modern, post } from "../../test/wire.ts";
import { workspaceOf } from "../../test/workspace.ts";

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
