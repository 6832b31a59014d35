import { randomBytes } from "node:crypto";
import type { Store } from "@tenantry/core";
import { manualClock, startFakeServer } from "@tenantry/testing";
import { afterAll, describe, expect, it } from "vitest";
import {
  createTenantry,
  fromFunction,
  header,
  memoryStore,
  sealWithKeys,
  type TenantryOptions,
} from "./index.ts";

const notes = await startFakeServer();
const files = await startFakeServer();
afterAll(() => Promise.all([notes.close(), files.close()]));

const sealer = sealWithKeys({ current: "a", keys: { a: randomBytes(32) } });
const never = () => new Promise<never>(() => {});

/** A store whose approvals are never given, of one server or of all, once it is told to hang. */
function hangingStore() {
  const store = memoryStore();
  const state = { hangs: false };
  const approvals = new Proxy({} as Store["approvals"], {
    get: (_, verb: keyof Store["approvals"]) => (state.hangs ? never : store.approvals[verb]),
  });
  return { state, store: { ...store, approvals } as Store };
}

function open(options: Partial<TenantryOptions>) {
  return createTenantry({ servers: { notes: { url: notes.url }, files: { url: files.url } }, ...options });
}

const prompt = { server: "notes", prompt: "greet" } as const;

describe("a store of approvals that never answers", () => {
  it("keeps nobody beyond a deadline or an abort, whatever is asked for", async () => {
    const { store, state } = hangingStore();
    await using tenantry = open({ store, sealer, approvals: "trust-on-first-use" });
    state.hangs = true;
    const ada = tenantry.workspace("acme").as("ada");
    const { tools, unavailable } = await ada.listTools({ timeoutMs: 50 });
    expect(tools).toEqual([]);
    expect(unavailable.map(({ server, error }) => [server, error.code])).toEqual([
      ["notes", "TIMEOUT"],
      ["files", "TIMEOUT"],
    ]);
    await expect(ada.callTool("notes__echo", {}, { timeoutMs: 50 })).rejects.toThrow("[TIMEOUT]");
    await expect(ada.getPrompt(prompt, {}, { timeoutMs: 50 })).rejects.toThrow("[TIMEOUT]");
    for (const ask of [
      (signal: AbortSignal) => ada.listTools({ signal }),
      (signal: AbortSignal) => ada.getPrompt(prompt, {}, { signal }),
      (signal: AbortSignal) => ada.subscribe({ tools: true }, () => {}, { signal }),
    ]) {
      const leaving = new AbortController();
      const asked = ask(leaving.signal);
      leaving.abort("left");
      await expect(asked).rejects.toBe("left");
    }
  });

  it("keeps nobody who had a list when it began to hang", async () => {
    const { store, state } = hangingStore();
    await using tenantry = open({ store, sealer, approvals: { servers: { files: "off" } } });
    const ada = tenantry.workspace("acme").as("ada");
    await ada.listPrompts();
    state.hangs = true;
    const { tools, unavailable } = await ada.listTools({ timeoutMs: 2_000 });
    expect(new Set(tools.map(({ origin }) => origin.server))).toEqual(new Set(["files"]));
    expect(unavailable).toMatchObject([{ server: "notes", error: { code: "TIMEOUT", retryable: true } }]);
  });
});

describe("a store of lists that never answers", () => {
  it("keeps an instance from closing no longer than any store may take", async () => {
    const store = memoryStore();
    const lists = new Proxy({} as Store["lists"], { get: () => never });
    const clock = manualClock();
    const tenantry = open({ store: { ...store, lists }, sealer, clock });
    const listed = tenantry.workspace("acme").as("ada").listTools();
    // What is saved is waited for a second at most before a server is asked.
    await clock.advance(1_000);
    expect((await listed).unavailable).toEqual([]);
    let isClosed = false;
    const closing = tenantry.close().then(() => (isClosed = true));
    await clock.advance(14_000);
    expect(isClosed).toBe(false);
    await clock.advance(1_000);
    await closing;
  });
});

describe("a credential that is never given", () => {
  it("costs its own server's list and nobody else's", async () => {
    const credential = header("x-api-key", fromFunction(never));
    await using tenantry = open({
      servers: { notes: { url: notes.url, credential }, files: { url: files.url } },
    });
    const ada = tenantry.workspace("acme").as("ada");
    const { tools, unavailable } = await ada.listTools({ timeoutMs: 2_000 });
    expect(new Set(tools.map(({ origin }) => origin.server))).toEqual(new Set(["files"]));
    expect(unavailable).toMatchObject([{ server: "notes", error: { code: "TIMEOUT" } }]);
    const leaving = new AbortController();
    const asked = ada.listTools({ signal: leaving.signal });
    leaving.abort("left");
    await expect(asked).rejects.toBe("left");
  });
});

it("a credential is resolved only once the way to its server is approved", async () => {
  const resolved: string[] = [];
  const key = fromFunction(({ server }) => {
    resolved.push(server.id);
    return "a key";
  });
  await using tenantry = open({
    ...{ store: memoryStore(), sealer, approvals: "review" },
    servers: { notes: { url: notes.url, credential: header("x-api-key", key) } },
  });
  const { unavailable } = await tenantry.workspace("acme").as("ada").listTools();
  expect(unavailable).toMatchObject([{ error: { code: "APPROVAL_REQUIRED" } }]);
  expect(resolved).toEqual([]);
});
