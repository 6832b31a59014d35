import { describe, expect, onTestFinished, test } from "vitest";
import {
  startAuthorizationServer,
  visit,
  type AuthorizationServer,
  type AuthorizationServerOptions,
} from "../oauth.ts";
import {
  clients,
  authorizationUrl,
  codeOf,
  redeem,
  redirect,
  resource,
  type Fields,
} from "./by-hand.fixture.ts";

async function start(options: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
  const server = await startAuthorizationServer({ clients, ...options });
  onTestFinished(() => server.close());
  return server;
}

describe("the authorization endpoint", () => {
  test.each([
    [{ client_id: "nobody" }],
    [{ client_id: undefined }],
    [{ redirect_uri: "http://127.0.0.1:9/callback" }],
    [{ redirect_uri: `${redirect}&more=1` }],
    [{ redirect_uri: undefined }],
  ])("sends nobody anywhere with %j", async (changes) => {
    const response = await fetch(authorizationUrl(await start(), changes), { redirect: "manual" });
    expect([response.status, response.headers.get("location")]).toEqual([400, null]);
  });

  test.each([
    [{ response_type: "token" }, "unsupported_response_type"],
    [{ code_challenge_method: "plain" }, "invalid_request"],
    [{ code_challenge_method: undefined }, "invalid_request"],
    [{ code_challenge: "short" }, "invalid_request"],
    [{ code_challenge: undefined }, "invalid_request"],
    [{ resource: "no-url" }, "invalid_target"],
    [{ resource: `${resource}#part` }, "invalid_target"],
  ])("sends back an error for %j", async (changes, error) => {
    const server = await start();
    const { searchParams } = await visit(authorizationUrl(server, changes));
    expect(Object.fromEntries(searchParams)).toMatchObject({
      error,
      state: "the state",
      iss: server.metadata.issuer,
      kept: "1",
    });
    expect(server.issued).toEqual([]);
  });

  test.each([
    ["right", (issuer: string) => issuer],
    ["missing", () => undefined],
    ["wrong", () => "https://another-issuer.example"],
  ] as const)("says an issuer that is %s", async (iss, expected) => {
    const server = await start({ iss });
    const { searchParams } = await visit(authorizationUrl(server));
    expect(searchParams.get("iss") ?? undefined).toBe(expected(server.metadata.issuer));
    expect(searchParams.get("code")).toBeTruthy();
  });

  test("asks who authorises, with what is asked for", async () => {
    const asked: unknown[] = [];
    const server = await start({
      authorize: (request) => {
        asked.push(request);
        return request.scopes.includes("write") ? { error: "access_denied" } : { user: "bob" };
      },
      scopes: ["read", "write"],
    });
    const denied = await visit(authorizationUrl(server, { scope: "read write" }));
    expect(denied.searchParams.get("error")).toBe("access_denied");
    const tokens = await redeem(server, await codeOf(server, { scope: "read unheard-of" }));
    expect(tokens).toMatchObject({ status: 200, scope: "read" });
    expect(server.verify(String(tokens["access_token"]))?.subject).toBe("bob");
    expect(asked).toMatchObject([
      { clientId: "app", redirectUri: redirect, resource, scopes: ["read", "write"] },
      { scopes: ["read", "unheard-of"] },
    ]);
  });

  test("shows a page first, whose buttons decide, and which is safe against what it shows", async () => {
    const server = await start({ consent: "page" });
    const shown = await fetch(authorizationUrl(server, { state: `"><script>alert(1)</script>` }));
    const html = await shown.text();
    expect([shown.status, html.includes("<script>")]).toEqual([200, false]);
    expect(html).toMatch(/<button name="decision" value="allow">Allow<\/button>/u);
    const press = async (fields: Fields) => {
      const body = new URLSearchParams([...authorizationUrl(server).searchParams, ...Object.entries(fields)]);
      const url = /action="(?<url>[^"]+)"/u.exec(html)?.groups?.["url"] ?? "";
      const response = await fetch(url, { method: "POST", body, redirect: "manual" });
      return new URL(response.headers.get("location") ?? "").searchParams;
    };
    expect((await press({ decision: "deny" })).get("error")).toBe("access_denied");
    expect(server.issued).toEqual([]);
    const code = (await press({ decision: "allow", login: "ada" })).get("code") ?? "";
    expect(server.verify(String((await redeem(server, code))["access_token"]))?.subject).toBe("ada");
  });
});
