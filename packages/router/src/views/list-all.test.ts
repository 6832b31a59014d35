import { inspect } from "node:util";
import { principalOf, scopeOf, TenantryError, type ServerId } from "@tenantry/core";
import { describe, expect, it } from "vitest";
import { never, toolServer } from "../../test/memory-pool.ts";
import { fromToken, workspace } from "../../test/workspace.ts";

const missing = new TenantryError("CREDENTIAL_MISSING", "Give the token.", {
  server: "docs" as ServerId,
  slot: "token",
});
const signIn = new URL("https://auth.example/authorize");
const consent = new TenantryError("AUTHORIZATION_REQUIRED", "Sign in.", { authorizationUrl: signIn });
const names = (listing: { tools: readonly { name: string }[] }) => listing.tools.map(({ name }) => name);

/** Lets everything run that needs no clock. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("listTools", () => {
  it("gives the servers in the order of their definitions, and their tools in their own", async () => {
    const { as } = workspace({
      slow: { ...toolServer(["z", "a"]), open: settle as never },
      fast: toolServer(["b"]),
    });
    expect(names(await as("ada").listTools())).toEqual(["slow__z", "slow__a", "fast__b"]);
  });

  it("keeps what answered when others fail, hang or throw nonsense, and says why they are missing", async () => {
    const { as, clock, pool } = workspace({
      hung: { ...toolServer([]), open: never },
      good: toolServer(["a"]),
      broken: { answer: () => ({}) },
      odd: { answer: () => Promise.reject(new RangeError("odd")) },
      listless: { ...toolServer([]), answer: never },
      fine: toolServer(["b"]),
    });
    const listed = as("ada").listTools();
    await settle();
    clock.advance(30_000);
    const { tools, unavailable } = await listed;
    expect(names({ tools })).toEqual(["good__a", "fine__b"]);
    expect(unavailable).toMatchObject([
      { server: "hung", error: { code: "TIMEOUT", delivery: "unsent", retryable: true } },
      { server: "broken", error: { code: "PROTOCOL_VIOLATION" } },
      { server: "odd", error: { code: "SERVER_UNAVAILABLE", cause: { message: "odd" } } },
      { server: "listless", error: { code: "TIMEOUT", delivery: "unknown" } },
    ]);
    expect(unavailable.every(({ error }) => error instanceof TenantryError)).toBe(true);
    expect(clock.pending).toBe(0);
    expect(pool.resends).toEqual(Array(6).fill("safe"));
  });

  it("is a listing still when every server fails", async () => {
    const { as } = workspace({ one: { answer: () => ({}) }, two: { answer: () => ({}) } });
    const { tools, unavailable } = await as("ada").listTools();
    expect(tools).toEqual([]);
    expect(unavailable.map(({ server }) => server)).toEqual(["one", "two"]);
  });

  it("asks each server for no longer than it is told to", async () => {
    const { as, clock } = workspace({ hung: { ...toolServer([]), open: never } });
    const listed = as("ada").listTools({ timeoutMs: 50 });
    clock.advance(50);
    expect((await listed).unavailable).toMatchObject([{ server: "hung", error: { code: "TIMEOUT" } }]);
  });

  it("throws the reason of its caller's abort, and sends nothing for one who has left", async () => {
    const { as, pool } = workspace({ hung: { ...toolServer([]), answer: never }, good: toolServer(["a"]) });
    const caller = new AbortController();
    const reason = new Error("enough");
    const listed = as("ada").listTools({ signal: caller.signal });
    await settle();
    caller.abort(reason);
    await expect(listed).rejects.toBe(reason);
    const sent = pool.received.length;
    await expect(as("ada").listTools({ signal: caller.signal })).rejects.toBe(reason);
    expect(pool.received).toHaveLength(sent);
  });

  it("refuses a time-out that is none", async () => {
    const { as } = workspace({});
    await expect(as("ada").listTools({ timeoutMs: 0 })).rejects.toMatchObject({ code: "ARGUMENT_INVALID" });
  });

  it("lists again over a new connection when the session was lost", async () => {
    let lost = true;
    const lose = () => {
      lost = false;
      throw new TenantryError("CONNECTION_LOST", "Gone.", { delivery: "unknown", recover: "reconnect" });
    };
    const plain = toolServer(["a"]);
    const { as, pool } = workspace({
      docs: { answer: (request) => (lost ? lose() : plain.answer(request)) },
    });
    expect(names(await as("ada").listTools())).toEqual(["docs__a"]);
    expect(pool.opened).toBe(2);
  });

  it("shows each user what the server shows to that user", async () => {
    const docs = toolServer((scope) => (scope.share === "user" ? [`of_${scope.user}`, "common"] : []));
    const { as } = workspace({ docs });
    const [ada, bob] = await Promise.all([as("ada").listTools(), as("bob").listTools()]);
    expect(names(ada)).toEqual(["docs__of_ada", "docs__common"]);
    expect(names(bob)).toEqual(["docs__of_bob", "docs__common"]);
  });

  it("names no other user, whatever goes wrong and whoever shares the connection", async () => {
    const { as, clock } = workspace({
      gated: { ...toolServer([]), routed: { credentials: fromToken(missing) } },
      shared: { ...toolServer([]), answer: never, routed: { share: "workspace" } },
      broken: { answer: () => ({}) },
    });
    const caller = new AbortController();
    const hers = as("ada", { token: "of-ada" }).listTools({ signal: caller.signal });
    const his = as("bob").listTools();
    await settle();
    caller.abort(new Error("ada left"));
    await expect(hers).rejects.toThrow("ada left");
    clock.advance(30_000);
    const { unavailable } = await his;
    expect(unavailable.map(({ server }) => server)).toEqual(["gated", "shared", "broken"]);
    expect(inspect(unavailable, { depth: 9, showHidden: true })).not.toContain("ada");
  });
});

describe("servers", () => {
  it("tells how each one is", async () => {
    const refusing = (error: Error) => ({ ...toolServer([]), routed: { credentials: fromToken(error) } });
    const { as } = workspace({
      docs: toolServer(["a", "b"]),
      keyless: refusing(missing),
      consent: refusing(consent),
      refused: refusing(new TenantryError("UNAUTHORIZED", "No.")),
      broken: { answer: () => ({}) },
    });
    expect(await as("ada").servers()).toMatchObject([
      { server: "docs", status: "ready", tools: 2 },
      { server: "keyless", status: "needs_authorization", error: { slot: "token" } },
      { server: "consent", status: "needs_authorization", url: signIn },
      { server: "refused", status: "needs_authorization" },
      { server: "broken", status: "unavailable", error: { code: "PROTOCOL_VIOLATION" } },
    ]);
  });
});

describe("scopes", () => {
  it("follow the definition's share, and only a user's scope gets the user's context", async () => {
    const shared = (share: "user" | "workspace" | "everyone") => ({
      ...toolServer(["a"]),
      routed: { share },
    });
    const { as, pool } = workspace({
      one: shared("user"),
      two: shared("workspace"),
      three: shared("everyone"),
    });
    const ada = principalOf({ workspace: "acme", user: "ada" });
    await as("ada", { token: "t" }).listTools();
    expect(pool.targets.map(({ scope }) => scope)).toEqual([
      scopeOf(ada, "user"),
      { share: "workspace", workspace: "acme" },
      { share: "everyone" },
    ]);
    expect(pool.contexts).toEqual([{ token: "t" }, {}, {}]);
  });
});

describe("discovery", () => {
  it("lists under the definition's own credential and keeps no connection", async () => {
    const forDiscovery = { resolve: async () => ({ subject: "discovery", generation: "1", origins: [] }) };
    const { router, pool } = workspace({
      docs: {
        ...toolServer(["a"]),
        routed: { credentials: fromToken(missing), discovery: { credentials: forDiscovery } },
      },
      open: { ...toolServer(["b"]), routed: { discovery: {} } },
      closed: toolServer(["c"]),
    });
    const { tools, unavailable } = await router.discovery().listTools();
    expect(names({ tools })).toEqual(["docs__a", "open__b"]);
    expect(unavailable).toMatchObject([
      { server: "closed", error: { code: "CREDENTIAL_MISSING", slot: "discovery" } },
    ]);
    expect(unavailable[0]?.error.message).toContain("`discovery` credential");
    expect(pool.targets.map(({ scope }) => scope)).toEqual(
      Array(2).fill({ share: "discovery", workspace: "acme" }),
    );
    expect(new Set(pool.received.map(({ subject }) => subject))).toEqual(new Set(["discovery", undefined]));
    expect(pool.methods("closed")).toEqual([]);
  });

  it("cannot call", () => {
    expect(Object.keys(workspace({}).router.discovery())).toEqual(["listTools"]);
  });
});
