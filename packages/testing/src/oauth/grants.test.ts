import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { manualClock } from "../index.ts";
import {
  startAuthorizationServer,
  type AuthorizationServer,
  type AuthorizationServerOptions,
} from "../oauth.ts";
import { clients, codeOf, redeem, refresh } from "./by-hand.fixture.ts";

async function start(options: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
  const server = await startAuthorizationServer({ clients, ...options });
  onTestFinished(() => server.close());
  return server;
}

describe("a code", () => {
  test.each([
    ["with another verifier", { code_verifier: "another verifier" }, "invalid_grant"],
    ["without a verifier", { code_verifier: "" }, "invalid_grant"],
    ["by another client", { client_id: "other" }, "invalid_grant"],
    ["with another redirect URI", { redirect_uri: "http://127.0.0.1:9/" }, "invalid_grant"],
    ["for another resource", { resource: "https://elsewhere.example/" }, "invalid_target"],
  ])("is not redeemed %s", async (_, changes, error) => {
    const server = await start();
    expect(await redeem(server, await codeOf(server), changes)).toMatchObject({ status: 400, error });
    expect(server.issued.map(({ kind }) => kind)).toEqual(["code"]);
  });

  test("that is redeemed twice revokes what it gave", async () => {
    const server = await start();
    const code = await codeOf(server);
    const answers = await Promise.all([redeem(server, code), redeem(server, code)]);
    expect(answers.map(({ error }) => error ?? "none").toSorted()).toEqual(["invalid_grant", "none"]);
    expect(server.issued.map(({ kind, revoked, uses }) => [kind, revoked, uses])).toEqual([
      ["code", true, 2],
      ["access_token", true, 0],
      ["refresh_token", true, 0],
    ]);
  });

  test("ends after a minute", async () => {
    const clock = manualClock();
    const server = await start({ clock });
    const code = await codeOf(server);
    await clock.advance(60_000);
    expect(await redeem(server, code)).toMatchObject({ error: "invalid_grant" });
  });
});

describe("a refresh token", () => {
  const signIn = async (server: AuthorizationServer, scope = "read write") =>
    redeem(server, await codeOf(server, { scope }));

  test("that is used again revokes everything of its grant, and no other's", async () => {
    const server = await start();
    const [mine, others] = [await signIn(server), await signIn(server)];
    const next = await refresh(server, mine["refresh_token"]);
    expect(await refresh(server, mine["refresh_token"])).toMatchObject({ error: "invalid_grant" });
    expect(await refresh(server, next["refresh_token"])).toMatchObject({ error: "invalid_grant" });
    expect(server.verify(String(next["access_token"]))).toBeUndefined();
    expect(server.verify(String(others["access_token"]))).toBeDefined();
    const reused = server.issued.filter(({ kind, uses }) => kind === "refresh_token" && uses > 1);
    expect(reused.map(({ value }) => value)).toEqual([mine["refresh_token"]]);
  });

  test("may be used again within the grace time, and not after it", async () => {
    const clock = manualClock();
    const server = await start({ clock, refreshGraceMs: 1000 });
    const { refresh_token } = await signIn(server);
    await refresh(server, refresh_token);
    await clock.advance(999);
    expect(await refresh(server, refresh_token)).toMatchObject({ status: 200 });
    await clock.advance(1);
    expect(await refresh(server, refresh_token)).toMatchObject({ error: "invalid_grant" });
    expect(server.issued.every(({ revoked }) => revoked)).toBe(true);
  });

  test("stays where tokens do not rotate", async () => {
    const server = await start({ rotate: false });
    const { refresh_token } = await signIn(server);
    const answers = [await refresh(server, refresh_token), await refresh(server, refresh_token)];
    expect(answers.map((answer) => [answer["status"], answer["refresh_token"]])).toEqual([
      [200, undefined],
      [200, undefined],
    ]);
  });

  test("ends, as the access token does, at its time", async () => {
    const clock = manualClock();
    const server = await start({ clock, accessTokenTtlMs: 5000, refreshTokenTtlMs: 9000 });
    const tokens = await signIn(server);
    expect(tokens["expires_in"]).toBe(5);
    await clock.advance(4999);
    expect(server.verify(String(tokens["access_token"]))).toBeDefined();
    await clock.advance(1);
    expect(server.verify(String(tokens["access_token"]))).toBeUndefined();
    await clock.advance(4000);
    expect(await refresh(server, tokens["refresh_token"])).toMatchObject({ error: "invalid_grant" });
  });

  test("gives fewer scopes when asked, never more, and another client nothing", async () => {
    const server = await start();
    const { refresh_token } = await signIn(server);
    expect(await refresh(server, refresh_token, { scope: "admin" })).toMatchObject({
      error: "invalid_scope",
    });
    expect(await refresh(server, refresh_token, { client_id: "other" })).toMatchObject({
      error: "invalid_grant",
    });
    const fewer = await refresh(server, refresh_token, { scope: "read" });
    expect(fewer).toMatchObject({ status: 200, scope: "read" });
    expect(await refresh(server, fewer["refresh_token"])).toMatchObject({ scope: "read write" });
  });

  test.each([
    ["offline_access", "read", false],
    ["offline_access", "read offline_access", true],
    ["never", "read offline_access", false],
  ] as const)("where it is %s and %j is asked for", async (policy, scope, given) => {
    const tokens = await signIn(await start({ refresh: policy }), scope);
    expect("refresh_token" in tokens).toBe(given);
  });

  test("rotates as a model of it says, in whatever order tokens are presented", async () => {
    const server = await start();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 5 }), { maxLength: 6 }), async (picks) => {
        const tokens = [String((await signIn(server))["refresh_token"])];
        const used = new Set<string>();
        let revoked = false;
        for (const pick of picks) {
          const token = tokens[pick % tokens.length] ?? "";
          revoked ||= used.has(token);
          used.add(token);
          const answer = await refresh(server, token);
          expect(answer["status"]).toBe(revoked ? 400 : 200);
          if (!revoked) tokens.push(String(answer["refresh_token"]));
        }
      }),
      { numRuns: 30 },
    );
  });

  test("of a person who took the grant back is worth nothing", async () => {
    const server = await start();
    const { refresh_token } = await signIn(server);
    server.revoke({ subject: "somebody else" });
    const { refresh_token: next } = await refresh(server, refresh_token);
    server.revoke({ subject: "person", clientId: "app" });
    expect(await refresh(server, next)).toMatchObject({ error: "invalid_grant" });
  });
});
