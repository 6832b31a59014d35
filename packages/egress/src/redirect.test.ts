import { secret, type Origin } from "@tenantry/core";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { rejection, serve } from "../test/server.ts";
import { createEgress, type ExchangeMethod } from "./index.ts";

const statuses = [301, 302, 303, 307, 308];
const methods: readonly ExchangeMethod[] = ["GET", "POST", "DELETE"];
const matrix = statuses.flatMap((status) => methods.map((method) => [status, method] as const));

const request = (method: ExchangeMethod, server: { url: URL; origin: Origin }) => ({
  method,
  url: server.url,
  provenance: "code" as const,
  headers: { "x-plain": "1" },
  bound: { origins: [server.origin], headers: { authorization: secret("Bearer s3cret") } },
  ...(method === "POST" ? { body: '{"id":1}' } : {}),
});

/** Redirects `/mcp` to wherever and answers everything else. */
const redirecting = (status: number, to: () => string) =>
  serve((message, response) => {
    if (message.url?.split("?")[0] === "/mcp") response.writeHead(status, { location: to() }).end("moved");
    else response.end("arrived");
  });

describe("a redirect to another origin", () => {
  it.each(matrix)(
    "%d of %s is refused by name, and the other server sees nothing",
    async (status, method) => {
      await using other = await serve();
      await using server = await redirecting(status, () => new URL("/mcp", other.url).href);
      await using egress = createEgress();
      const failure = await rejection(egress.exchange(request(method, server)));
      expect(failure).toMatchObject({ code: "ORIGIN_REFUSED", status, retryable: false });
      expect(failure).toMatchObject({ delivery: method === "GET" || status >= 307 ? "refused" : "unknown" });
      expect(String(failure)).toContain(JSON.stringify(other.origin));
      expect(other.seen).toEqual([]);
      expect(await other.connections()).toBe(0);
      expect(server.seen).toHaveLength(1);
      expect(egress.stats().requests).toBe(0);
    },
  );

  it.each(["https://127.0.0.1/", "//evil.example/", "file:///etc/passwd", "javascript:1"])(
    "%j is refused",
    async (to) => {
      await using server = await redirecting(307, () => to);
      await using egress = createEgress();
      expect(await rejection(egress.exchange(request("POST", server)))).toMatchObject({
        code: "ORIGIN_REFUSED",
      });
    },
  );

  it("is refused for the same host with a user name", async () => {
    await using server = await redirecting(307, () => `http://user@${server.url.host}/next`);
    await using egress = createEgress();
    expect(await rejection(egress.exchange(request("POST", server)))).toMatchObject({
      code: "ADDRESS_REFUSED",
    });
    expect(server.seen).toHaveLength(1);
  });
});

describe("a redirect within the origin", () => {
  const kept = matrix.filter(([status, method]) => method === "GET" || status >= 307);
  const changed = matrix.filter(([status, method]) => method !== "GET" && status < 307);

  it.each(kept)("%d of %s is followed with method, body and bound headers", async (status, method) => {
    await using server = await redirecting(status, () => "/next?x=1");
    await using egress = createEgress();
    const response = await egress.exchange(request(method, server));
    expect(await response.body.text()).toBe("arrived");
    expect(response.url.pathname).toBe("/next");
    const [first, second] = server.seen;
    expect(second).toMatchObject({ method, path: "/next?x=1", body: first?.body });
    expect(second?.headers).toMatchObject({ authorization: "Bearer s3cret", "x-plain": "1" });
  });

  it.each(changed)("%d of %s is refused, because it asks for another method", async (status, method) => {
    await using server = await redirecting(status, () => "/next");
    await using egress = createEgress();
    const failure = await rejection(egress.exchange(request(method, server)));
    expect(failure).toMatchObject({ code: "PROTOCOL_VIOLATION", delivery: "unknown", status });
    expect(server.seen).toHaveLength(1);
  });

  it("is followed three times and no more", async () => {
    await using server = await serve((_, response) => {
      const count = server.seen.length;
      response.writeHead(307, { location: `/hop/${count}` }).end();
    });
    await using egress = createEgress();
    expect(await rejection(egress.exchange(request("POST", server)))).toMatchObject({
      code: "LIMIT_EXCEEDED",
    });
    expect(server.seen.map(({ path }) => path)).toEqual(["/mcp", "/hop/1", "/hop/2", "/hop/3"]);
  });

  it("is given as it is where it is asked for so, and where it says not where to", async () => {
    await using server = await redirecting(307, () => "https://other.example/");
    await using egress = createEgress();
    const manual = await egress.exchange({ ...request("GET", server), redirect: "manual" });
    expect(manual).toMatchObject({ status: 307, headers: { location: "https://other.example/" } });
    await using lost = await serve((_, response) => void response.writeHead(302).end());
    expect(await egress.exchange(request("POST", lost))).toMatchObject({ status: 302 });
  });

  it("is refused where its location is no URL", async () => {
    await using server = await redirecting(307, () => "http://[");
    await using egress = createEgress();
    expect(await rejection(egress.exchange(request("POST", server)))).toMatchObject({
      code: "PROTOCOL_VIOLATION",
    });
  });
});

describe("a redirect whose host repeats a secret of its request is refused without its name", () => {
  const pair = `Basic ${btoa("ada:Pass-word1")}`;
  it.each([
    ["a token in lower case", "Bearer Tok-ABC123def", "tok-abc123def.evil.example"],
    ["a whole value with signs that a host may have", "tok+abc=de", "tok+abc=de.evil.example"],
    ["one part of a value", "eyJhbGci.eyJzdWIi.c2lnbmF0", "x.c2lnbmf0.evil.example"],
    ["one value of several", "one=firstone; two=sec0nd1", "sec0nd1.evil.example"],
    ["the password of a Basic value", pair, "pass-word1.evil.example"],
    ["a value of the URL's query", "none", "k3y-in-query.evil.example"],
  ])("%s", async (_, value, host) => {
    await using server = await redirecting(307, () => `https://${host}/mcp`);
    await using egress = createEgress();
    const headers = { authorization: secret(value) };
    const url = new URL("/mcp?key=K3Y-in-query", server.url);
    const bound = { origins: [server.origin], headers };
    const failure = await rejection(egress.exchange({ ...request("GET", server), url, bound }));
    expect(failure).toMatchObject({ code: "ORIGIN_REFUSED", delivery: "refused" });
    expect(String(failure)).toContain("redirects to another origin");
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toContain(host);
  });

  it("also where it is the scheme that repeats it", async () => {
    await using server = await redirecting(307, () => "tok-abc123def://x");
    await using egress = createEgress();
    const bound = { origins: [server.origin], headers: { authorization: secret("Bearer tok-ABC123def") } };
    const failure = await rejection(egress.exchange({ ...request("GET", server), bound }));
    expect(failure).toMatchObject({ code: "ORIGIN_REFUSED" });
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toContain("abc123def");
  });
});

it("nothing is sent after an abort that comes between an answer that redirects and the next request", async () => {
  for (let turns = 0; turns < 20; turns++) {
    const abort = new AbortController();
    const late = async () => {
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      abort.abort("enough");
    };
    const asked: boolean[] = [];
    const fetch = () => {
      asked.push(abort.signal.aborted);
      if (asked.length > 1) return new Promise<never>(() => {});
      void late();
      return Promise.resolve(new Response(null, { status: 307, headers: { location: "/next" } }));
    };
    await using egress = createEgress({ fetch, limits: { totalTimeoutMs: 1_000 } });
    const url = new URL("http://server.example/mcp");
    const asking = { method: "GET", url, provenance: "code", headers: {}, signal: abort.signal } as const;
    expect(await rejection(egress.exchange(asking))).toBe("enough");
    expect(asked).not.toContain(true);
  }
});
