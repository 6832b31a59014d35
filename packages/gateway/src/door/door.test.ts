import { once } from "node:events";
import { connect as dial } from "node:net";
import { text as textOfStream } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { served } from "../../test/served.ts";
import { ask, hello, lastOf, modern, post } from "../../test/wire.ts";
import { workspaceOf } from "../../test/workspace.ts";
import { createGateway } from "../index.ts";

const { connect } = workspaceOf();

/** Sends bytes as they are, because `fetch` sends no wrong host. */
async function raw(url: URL, head: readonly string[], body = ""): Promise<string> {
  const socket = dial(Number(url.port), url.hostname);
  await once(socket, "connect");
  socket.end(
    `${[...head, `content-length: ${body.length}`, "connection: close"].join("\r\n")}\r\n\r\n${body}`,
  );
  return textOfStream(socket);
}

describe("SRV-01: hosts and origins", () => {
  const ping = modern("server/discover");
  const headers = Object.entries(ping.headers).map(([name, value]) => `${name}: ${value}`);

  it.for(["POST", "GET", "DELETE", "OPTIONS", "PUT"])(
    "SRV-01: refuses a %s to another host",
    async (method) => {
      const { url } = await served({ connect });
      const head = [`${method} /mcp HTTP/1.1`, "host: rebound.example", "authorization: Bearer acme/ada"];
      expect(await raw(url, [...head, ...headers], JSON.stringify(ping.body))).toMatch(/^HTTP\/1.1 403 /u);
    },
  );

  it.for([["null"], ["https://evil.example"], ["https://app.example", "https://app.example"]])(
    "SRV-01: refuses the origin %j on every method",
    async (origins) => {
      const { url } = await served({ connect, origins: ["https://app.example"] });
      for (const method of ["POST", "GET", "DELETE", "OPTIONS"]) {
        const head = [`${method} /mcp HTTP/1.1`, `host: ${url.host}`, "authorization: Bearer acme/ada"];
        const from = origins.map((origin) => `origin: ${origin}`);
        expect(await raw(url, [...head, ...headers, ...from])).toMatch(/^HTTP\/1.1 403 /u);
      }
    },
  );

  it("SRV-01: lets the pages in that are named, and no other read its answers", async () => {
    const { url } = await served({ connect, origins: ["https://app.example"] });
    const origin = { origin: "https://app.example" };
    const before = await fetch(url, { method: "OPTIONS", headers: origin });
    expect([before.status, before.headers.get("access-control-allow-origin")]).toEqual([204, origin.origin]);
    const answer = await post(url, ping.body, { headers: { ...ping.headers, ...origin } });
    expect(answer.headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
    expect(
      (await post(url, ping.body, { headers: ping.headers })).headers.has("access-control-allow-origin"),
    ).toBe(false);
  });

  it("knows a host with its port, and one with any", async () => {
    const gateway = createGateway({ connect, hosts: ["one.example", "two.example:8443", "[::1]"] });
    const status = async (host: string) =>
      (await gateway.handle(new Request(`https://${host}/mcp`, { method: "POST" }))).status;
    const hosts = [
      "one.example",
      "ONE.example:81",
      "two.example:8443",
      "[::1]:80",
      "two.example",
      "one.example.evil",
    ];
    expect(await Promise.all(hosts.map(status))).toEqual([401, 401, 401, 401, 403, 403]);
  });

  it.for([{ hosts: [] }, { hosts: ["https://a.example"] }, { hosts: ["a.example"], origins: ["a.example"] }])(
    "refuses the configuration %j",
    (options) => {
      expect(() => createGateway({ connect, ...options })).toThrow(
        expect.objectContaining({ code: "CONFIG_INVALID" }),
      );
    },
  );
});

describe("SRV-02: who is asked", () => {
  it.for(["POST", "GET", "DELETE", "PUT"])(
    "SRV-02: refuses a %s where there is no authenticator",
    async (method) => {
      const { url } = await served({ connect, authenticate: undefined });
      const headers = { accept: "application/json, text/event-stream", authorization: "Bearer acme/ada" };
      const answer = await fetch(url, { method, headers, ...(method === "POST" && { body: "{}" }) });
      expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    },
  );

  it("SRV-02: refuses whoever the authenticator does not know, with the host's own challenge", async () => {
    const challenge = 'Bearer resource_metadata="https://a.example/.well-known/oauth-protected-resource"';
    const { url } = await served({ connect, challenge });
    expect(await ask(url, "tools/list", {}, { token: "nobody" })).toMatchObject({ status: 401 });
    const answer = await fetch(url, { method: "POST" });
    expect(answer.headers.get("www-authenticate")).toBe(challenge);
  });

  it("gives a response of the host's own as it is", async () => {
    const own = () => new Response("no", { status: 403, headers: { "www-authenticate": "Own" } });
    const { url } = await served({ connect, authenticate: own });
    const answer = await fetch(url, { method: "POST" });
    expect([answer.status, await answer.text(), answer.headers.get("www-authenticate")]).toEqual([
      403,
      "no",
      "Own",
    ]);
  });

  it("takes nobody for somebody whose name is none", async () => {
    const { url } = await served({ connect, authenticate: () => ({ workspace: "acme", user: " " }) });
    expect((await fetch(url, { method: "POST" })).status).toBe(500);
  });
});

describe("SRV-03: bounds", () => {
  it("SRV-03: refuses a body that is too large, whether it says so or not", async () => {
    const { url, gateway } = await served({ connect, limits: { maxBodyBytes: 1_000 } });
    expect((await post(url, `"${"x".repeat(1_000)}"`)).status).toBe(413);
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(500).fill(32)),
    });
    const answer = await gateway.handle(
      new Request(url, {
        ...{ method: "POST", body: endless, duplex: "half" },
        headers: { "content-type": "application/json", accept: "*/*", authorization: "Bearer acme/ada" },
      } as RequestInit),
    );
    expect(answer.status).toBe(413);
  });

  it.for(["1", undefined])(
    "SRV-03: holds a body to the bound, to the byte, where its length is %s",
    async (length) => {
      const { url, gateway } = await served({ connect, limits: { maxBodyBytes: 1_000 } });
      const statusOf = async (bytes: number) => {
        const body = new ReadableStream<Uint8Array>({
          start(controller) {
            controller.enqueue(new TextEncoder().encode("[]".padEnd(bytes)));
            controller.close();
          },
        });
        const own = { "content-type": "application/json", authorization: "Bearer acme/ada" };
        const headers = { ...own, ...(length !== undefined && { "content-length": length }) };
        const init = { method: "POST", body, duplex: "half", headers } as RequestInit;
        return (await gateway.handle(new Request(url, init))).status;
      };
      expect([await statusOf(1_000), await statusOf(1_001)]).toEqual([400, 413]);
    },
  );

  it("SRV-03: refuses headers that are too large", async () => {
    const { url } = await served({ connect, limits: { maxHeaderCharacters: 1_000 } });
    expect((await post(url, "{}", { headers: { "x-large": "x".repeat(1_000) } })).status).toBe(431);
  });

  it("SRV-03: gives up a body that does not arrive", async () => {
    const { url, gateway } = await served({ connect, limits: { bodyTimeoutMs: 20 } });
    const silent = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
    const answer = await gateway.handle(
      new Request(url, {
        ...{ method: "POST", body: silent, duplex: "half" },
        headers: { "content-type": "application/json", accept: "*/*", authorization: "Bearer acme/ada" },
      } as RequestInit),
    );
    expect(answer.status).toBe(408);
  });

  it("SRV-03: refuses what nests too deep, what is no JSON and what is another type", async () => {
    const { url } = await served({ connect });
    const deep = await post(url, "[".repeat(100_000));
    expect([deep.status, (await lastOf(deep)).error?.code]).toEqual([400, -32_600]);
    const none = await post(url, "{");
    expect([none.status, (await lastOf(none)).error?.code]).toEqual([400, -32_700]);
    expect((await post(url, "{}", { headers: { "content-type": "text/plain" } })).status).toBe(415);
    expect((await post(url, "{}", { headers: { accept: "text/html" } })).status).toBe(406);
  });

  it("SRV-03: bounds what one principal has under way, and nobody else's", async () => {
    const { promise, resolve } = Promise.withResolvers<never>();
    const { connect: slow } = workspaceOf({ tools: { wait: () => promise } });
    const { url, gateway } = await served({ connect: slow, limits: { maxRequestsPerPrincipal: 2 } });
    const waiting = [1, 2].map(() => ask(url, "tools/call", { name: "wait" }));
    await expect.poll(() => gateway.stats().requests).toBe(2);
    expect((await ask(url, "tools/list")).error?.code).toBe(-32_000);
    expect((await ask(url, "tools/list", {}, { token: "acme/bob" })).error).toBeUndefined();
    resolve({ content: [] } as never);
    await Promise.all(waiting);
    await expect.poll(() => gateway.stats().requests).toBe(0);
    expect((await ask(url, "tools/list")).error).toBeUndefined();
  });

  it("SRV-03: bounds how many bodies of one principal are on their way", async () => {
    const { url, gateway } = await served({ connect, limits: { maxRequestsPerPrincipal: 2 } });
    const leaving = new AbortController();
    const send = (user: string) =>
      gateway.handle(
        new Request(url, {
          ...{ method: "POST", duplex: "half", signal: leaving.signal },
          body: new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) }),
          headers: { "content-type": "application/json", authorization: `Bearer acme/${user}` },
        } as RequestInit),
      );
    const slow = [send("ada"), send("ada"), send("bob")];
    expect((await send("ada")).status).toBe(429);
    leaving.abort();
    expect((await Promise.all(slow)).map(({ status }) => status)).toEqual([400, 400, 400]);
    expect((await ask(url, "tools/list")).error).toBeUndefined();
  });

  it("has no way but POST for a client without a session", async () => {
    const { url } = await served({ connect });
    const headers = { authorization: "Bearer acme/ada", accept: "text/event-stream" };
    for (const method of ["GET", "DELETE", "PUT", "PATCH"])
      expect((await fetch(url, { method, headers })).status).toBe(405);
    expect((await hello(url)).session).not.toBe("");
  });
});
