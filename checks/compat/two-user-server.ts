// The server of a visit. It runs here and the visitor in another process, so that here is seen what really arrived.
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Era } from "@tenantry/core";
import {
  defaultTools,
  startFakeServer,
  startRecorder,
  type FakeServer,
  type FakeTool,
} from "@tenantry/testing";

const keys = { "key-of-ada": "ada", "key-of-bob": "bob" };

/** What a visitor is told of a server. */
export interface ServerAddress {
  readonly era: Era;
  readonly url: string;
  /** Another origin, to which nothing may be sent. */
  readonly elsewhere: string;
  /** Where nobody listens. */
  readonly nobody: string;
}

/** A server of one era that two users have keys for. */
export interface TwoUserServer extends AsyncDisposable {
  readonly address: ServerAddress;
  /** Throws unless both users came, nobody's key went astray, and nothing was left behind. */
  judge(): Promise<void>;
}

/** Starts a server of one era, and beside it another origin to which it redirects the tool `counter`. */
export async function startTwoUserServer(era: Era): Promise<TwoUserServer> {
  const hang = new Hang();
  const server = await startFakeServer({
    era,
    authenticate: { header: "authorization", keys },
    tools: [...defaultTools(), hang],
    onCrossing: "record",
  });
  const elsewhere = await startRecorder();
  for (const user of Object.values(keys)) {
    server.faults.add({ kind: "redirect", to: server.url }, { user, tool: "add", times: 1 });
    server.faults.add({ kind: "redirect", to: elsewhere.url }, { user, tool: "counter" });
  }
  return {
    address: { era, url: server.url.href, elsewhere: elsewhere.url.href, nobody: await unusedUrl() },
    async judge() {
      // A cancellation and a DELETE may still be on their way when the visitor has done with them.
      await until(() => hang.abandoned === 2 && server.sessions.size === 0);
      strictEqual(server.endedSessions, era === "legacy" ? 2 : 0, "sessions that were ended");
      strictEqual(elsewhere.requests.length, 0, "requests to another origin");
      judgeKeys(server);
    },
    [Symbol.asyncDispose]: async () => void (await Promise.all([server.close(), elsewhere.close()])),
  };
}

function judgeKeys({ crossings, requests }: FakeServer): void {
  deepStrictEqual(crossings, [], "keys on another user's session");
  const sent = new Set(
    requests.map(({ headers }) => headers["authorization"]).filter((key) => key !== undefined),
  );
  deepStrictEqual([...sent].sort(), ["Bearer key-of-ada", "Bearer key-of-bob", "Bearer key-of-eve"], "keys");
  const served = requests.filter(({ user, status }) => user === undefined && status !== 401);
  deepStrictEqual(served, [], "strangers who were served");
}

/** A tool that reports progress once and then waits until it is given up. */
class Hang implements FakeTool {
  abandoned = 0;
  readonly definition = {
    name: "hang",
    description: "Waits for ever.",
    inputSchema: { type: "object" },
  } as const;

  async call(...[, { signal, progress }]: Parameters<FakeTool["call"]>) {
    await progress(0, 1);
    if (!signal.aborted) await once(signal, "abort");
    this.abandoned++;
    return { content: [] };
  }
}

async function unusedUrl(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await once(server.close(), "close");
  return `http://127.0.0.1:${port}/`;
}

async function until(holds: () => boolean): Promise<void> {
  const last = performance.now() + 5_000;
  while (!holds()) {
    if (performance.now() > last) throw new Error("A call or a session was left behind on the server.");
    await sleep(5);
  }
}
