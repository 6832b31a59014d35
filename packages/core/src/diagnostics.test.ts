import { tracingChannel } from "node:diagnostics_channel";
import { expect, test } from "vitest";
import { serverId, traced } from "./index.ts";

const event = { scope: { share: "everyone" }, server: serverId("github"), resumed: false } as const;
const name = "tenantry:pool:connect";

test("builds no payload where nobody listens", async () => {
  const payload = () => {
    throw new Error("It was built.");
  };
  expect(await traced(name, payload, async (context) => context)).toBeUndefined();
});

test("tells a listener of the start and the end in one payload, and never of the result", async () => {
  const seen: [string, unknown][] = [];
  const note = (stage: string) => (message: unknown) => void seen.push([stage, message]);
  const listeners = {
    start: note("start"),
    end: note("end"),
    asyncStart: note("asyncStart"),
    asyncEnd: note("asyncEnd"),
    error: note("error"),
  };
  const channel = tracingChannel(name);
  channel.subscribe(listeners);
  try {
    expect(
      await traced(
        name,
        () => ({ ...event }),
        async (context) => context?.server,
      ),
    ).toBe("github");
    expect(seen.map(([stage]) => stage)).toEqual(["start", "end", "asyncStart", "asyncEnd"]);
    expect(new Set(seen.map(([, message]) => message)).size).toBe(1);
    expect(seen[0]?.[1]).toEqual({ ...event, result: undefined });

    seen.length = 0;
    const failure = new Error("refused");
    await expect(
      traced(
        name,
        () => ({ ...event }),
        () => Promise.reject(failure),
      ),
    ).rejects.toBe(failure);
    expect(seen.map(([stage]) => stage)).toContain("error");
  } finally {
    channel.unsubscribe(listeners);
  }
});
