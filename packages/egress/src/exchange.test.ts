import { originOf, secret, type Origin } from "@tenantry/core";
import { getEventListeners } from "node:events";
import type { ServerResponse } from "node:http";
import { inspect } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { egressFor, get, post } from "../test/egress.ts";
import { rejection, serve, until } from "../test/server.ts";
import { createEgress } from "./index.ts";

describe("exchange", () => {
  it("sends the method, the headers and the body, and gives the status, the headers and the body", async () => {
    await using server = await serve((_, response) => {
      response.writeHead(
        202,
        [
          ["x-one", "1"],
          ["X-Many", "a"],
          ["x-many", "b"],
        ].flat(),
      );
      response.end("grüß dich");
    });
    const egress = egressFor();
    const response = await egress.exchange(post(new URL("/mcp?q=1#part", server.url), { body: "grüß" }));
    expect(response.status).toBe(202);
    expect(response.headers).toMatchObject({ "x-one": "1", "x-many": "a, b" });
    expect(await response.body.text()).toBe("grüß dich");
    expect(server.seen).toMatchObject([{ method: "POST", path: "/mcp?q=1", body: "grüß" }]);
    expect(server.seen[0]?.headers).toMatchObject({ "content-type": "text/plain", "content-length": "6" });
    expect(server.seen[0]?.headers).not.toHaveProperty("accept-encoding");
  });

  it("carries GET and DELETE without a body", async () => {
    await using server = await serve();
    const egress = egressFor();
    for (const method of ["GET", "DELETE"] as const) {
      await (await egress.exchange(get(server.url, { method }))).body.text();
      const failure = await rejection(egress.exchange(get(server.url, { method, body: "x" })));
      expect(failure).toMatchObject({ code: "ARGUMENT_INVALID" });
    }
    expect(server.seen.map(({ method }) => method)).toEqual(["GET", "DELETE"]);
  });

  it("opens nothing before the first request and keeps one socket for requests in turn", async () => {
    await using server = await serve();
    const egress = egressFor();
    expect(egress.stats()).toEqual({ sockets: 0, requests: 0 });
    for (let turn = 0; turn < 5; turn++) await (await egress.exchange(post(server.url))).body.text();
    expect(egress.stats()).toEqual({ sockets: 1, requests: 0 });
    expect(await server.connections()).toBe(1);
  });

  it("works with deep-frozen input and leaves it as it was", async () => {
    await using server = await serve();
    const headers = Object.freeze({ "x-plain": "1" });
    const bound = Object.freeze({
      origins: Object.freeze([server.origin]),
      headers: Object.freeze({ authorization: secret("Bearer a") }),
    });
    await egressFor().exchange(Object.freeze(post(server.url, { headers, bound })));
    expect(server.seen[0]?.headers).toMatchObject({ "x-plain": "1", authorization: "Bearer a" });
  });

  it("uses the injected lookup for a host in the program's own code", async () => {
    await using server = await serve();
    const asked: string[] = [];
    const lookup = (name: string) => {
      asked.push(name);
      return Promise.resolve(["127.0.0.1"]);
    };
    const url = new URL(server.url);
    url.hostname = "server.example";
    await egressFor({ lookup }).exchange(post(url));
    expect(asked).toEqual(["server.example"]);
    expect(server.seen[0]?.headers.host).toBe(url.host);
  });

  it("takes a lookup that keeps to no contract for one that finds nothing", async () => {
    for (const wrong of [undefined, [null], "127.0.0.1", [], ["no address"]]) {
      const lookup = () => Promise.resolve(wrong as string[]);
      const failure = await rejection(
        egressFor({ lookup }).exchange(post(new URL("http://server.example/"))),
      );
      expect(failure).toMatchObject({ code: "CONNECT_FAILED", delivery: "unsent" });
    }
  });

  it("refuses a URL that is not http or https, or that holds a user name or password", async () => {
    const egress = egressFor();
    for (const url of [
      "ftp://127.0.0.1/",
      "file:///etc/passwd",
      "data:text/plain,x",
      "http://user@127.0.0.1/",
      "http://:pw@127.0.0.1/",
    ]) {
      const failure = await rejection(egress.exchange(post(new URL(url))));
      expect(failure).toMatchObject({ code: "ADDRESS_REFUSED", delivery: "unsent" });
      expect(String(failure)).not.toContain("pw");
    }
  });
});

describe("bound headers", () => {
  const bind = (origins: readonly Origin[], headers = { authorization: secret("Bearer s3cret") }) => ({
    origins,
    headers,
  });

  it("go to their own origin, however it is spelt, whatever the path", async () => {
    await using server = await serve();
    const egress = egressFor({ lookup: () => Promise.resolve(["127.0.0.1"]) });
    const { port } = server.url;
    const bound = bind([originOf(`http://api.x.com:${port}`)]);
    for (const spelling of [
      `http://api.x.com:${port}/mcp`,
      `http://API.X.COM:${port}/`,
      `http://api.x.com:${port}/a/b?c=d`,
    ]) {
      await egress.exchange(post(new URL(spelling), { bound }));
    }
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill("Bearer s3cret"));
  });

  it.each([
    ["another scheme", "https://api.x.com", "http://api.x.com/"],
    ["another port", "https://api.x.com", "https://api.x.com:8443/"],
    ["a subdomain", "https://api.x.com", "https://evil.api.x.com/"],
    ["a longer name", "https://api.x.com", "https://api.x.com.evil.com/"],
    ["a trailing dot", "https://api.x.com", "https://api.x.com./"],
    ["a lookalike", "https://api.x.com", "https://аpi.x.com/"],
    ["a local address", "https://api.x.com", "http://localhost/"],
  ])("are refused for %s, and nothing is sent", async (_, allowed, url) => {
    let dialled = 0;
    const egress = egressFor({ lookup: () => Promise.resolve((dialled++, ["127.0.0.1"])) });
    const failure = await rejection(
      egress.exchange(post(new URL(url), { bound: bind([originOf(allowed)]) })),
    );
    expect(failure).toMatchObject({ code: "ORIGIN_REFUSED", delivery: "unsent", retryable: false });
    expect(dialled).toBe(0);
    expect(inspect(failure)).not.toContain("s3cret");
  });

  it("treat the default port as no port", async () => {
    const egress = egressFor({
      lookup: () => Promise.resolve(["127.0.0.1"]),
      limits: { socketTimeoutMs: 200 },
    });
    const failure = await rejection(
      egress.exchange(
        post(new URL("https://api.x.com:443/"), { bound: bind([originOf("https://api.x.com")]) }),
      ),
    );
    expect(failure).toMatchObject({ code: "CONNECT_FAILED" });
  });

  it("go nowhere when no origin is named", async () => {
    await using server = await serve();
    for (const origins of [[], ["" as Origin], ["null" as Origin]]) {
      const failure = await rejection(egressFor().exchange(post(server.url, { bound: bind(origins) })));
      expect(failure).toMatchObject({ code: "ORIGIN_REFUSED" });
    }
    expect(server.seen).toEqual([]);
  });

  it.each([
    ["a name that is also plain", { "x-key": "plain" }, { "x-key": "s3cret" }],
    ["a name in upper case", {}, { "X-Key": "s3cret" }],
    ["a reserved name", {}, { "mcp-session-id": "s3cret" }],
    ["a framing name", {}, { "proxy-connection": "s3cret" }],
    ["a line break in the value", {}, { "x-key": "s3cret\r\nx-other: 1" }],
    ["a NUL in the value", {}, { "x-key": "s3cret\0" }],
    ["a line break in the name", {}, { "x-key\n": "s3cret" }],
  ])("are refused with %s, without their value", async (_, headers, given) => {
    await using server = await serve();
    const bound = {
      origins: [server.origin],
      headers: Object.fromEntries(
        Object.entries(given).map(([name, value]) => [name, secret(value as string)]),
      ),
    };
    const failure = await rejection(
      egressFor().exchange(post(server.url, { headers: headers as Record<string, string>, bound })),
    );
    expect(failure).toMatchObject({ code: "CREDENTIAL_INVALID", delivery: "unsent" });
    expect(inspect(failure)).not.toContain("s3cret");
    expect(server.seen).toEqual([]);
  });

  it.each(["Host", "host", "content-length", "transfer-encoding", "accept-encoding", "connection", "a b"])(
    "the plain name %j is refused",
    async (name) => {
      const failure = await rejection(
        egressFor().exchange(post(new URL("http://127.0.0.1:9/"), { headers: { [name]: "1" } })),
      );
      expect(failure).toMatchObject({ code: "ARGUMENT_INVALID", delivery: "unsent" });
    },
  );
});

describe("abort", () => {
  it("throws the signal's own reason before, while waiting and while reading, and sends nothing when it was first", async () => {
    await using server = await serve((_, response, { body }) => {
      if (body === "stream") response.write("first");
    });
    const egress = egressFor();
    const reason = { mine: true };
    expect(await rejection(egress.exchange(post(server.url, { signal: AbortSignal.abort(reason) })))).toBe(
      reason,
    );
    expect(server.seen).toEqual([]);

    const waiting = new AbortController();
    const waits = egress.exchange(post(server.url, { signal: waiting.signal }));
    await until(() => server.seen.length === 1);
    waiting.abort(reason);
    expect(await rejection(waits)).toBe(reason);

    const reading = new AbortController();
    const { body } = await egress.exchange(post(server.url, { body: "stream", signal: reading.signal }));
    const text = body.text();
    reading.abort(reason);
    expect(await rejection(text)).toBe(reason);
    expect(egress.stats().requests).toBe(0);
    await until(async () => (await server.connections()) === 0);
  });

  it("is heeded while the host is still being resolved, and the request is never written", async () => {
    await using server = await serve();
    const found = Promise.withResolvers<readonly string[]>();
    const egress = egressFor({ lookup: () => found.promise });
    const url = new URL(server.url);
    url.hostname = "slow.example";
    const abort = new AbortController();
    const waits = egress.exchange(post(url, { signal: abort.signal }));
    await until(() => egress.stats().requests === 1);
    abort.abort("enough");
    expect(await rejection(waits)).toBe("enough");
    found.resolve(["127.0.0.1"]);
    await (await egress.exchange(post(url, { body: "second" }))).body.text();
    expect(server.seen.map(({ body }) => body)).toEqual(["second"]);
  });

  it("leaves no listener on a long-lived signal", async () => {
    await using server = await serve();
    const warnings: string[] = [];
    const onWarning = (warning: Error) => warnings.push(warning.name);
    process.on("warning", onWarning);
    onTestFinished(() => void process.off("warning", onWarning));
    const egress = egressFor();
    const { signal } = new AbortController();
    for (let turn = 0; turn < 500; turn++) {
      await (await egress.exchange(post(server.url, { signal }))).body.text();
    }
    expect(getEventListeners(signal, "abort")).toEqual([]);
    expect(warnings).toEqual([]);
  });
});

describe("bounds", () => {
  it("rejects a body that is announced as too long before reading it", async () => {
    await using server = await serve((_, response) => void response.end("x".repeat(1_001)));
    const failure = await rejection(
      egressFor({ limits: { maxResponseBytes: 1_000 } }).exchange(get(server.url)),
    );
    expect(failure).toMatchObject({ code: "LIMIT_EXCEEDED", delivery: "unknown" });
  });

  it("accepts a body of exactly the bound", async () => {
    await using server = await serve(
      (_, response) => void response.write("x".repeat(1_000), () => response.end()),
    );
    const { body } = await egressFor({ limits: { maxResponseBytes: 1_000 } }).exchange(get(server.url));
    expect(await body.text()).toHaveLength(1_000);
  });

  it("ends an endless body at the bound, and the socket with it", async () => {
    await using server = await serve((_, response) => endless(response));
    const egress = egressFor({ limits: { maxResponseBytes: 1024 * 1024 } });
    const { body } = await egress.exchange(get(server.url));
    expect(await rejection(body.text())).toMatchObject({ code: "LIMIT_EXCEEDED", delivery: "unknown" });
    await until(async () => (await server.connections()) === 0);
  });

  it.each([NaN, -1, 1.5, "1000", null])(
    "refuses the bound %s, which would be none, before anything is sent",
    async (bound) => {
      await using server = await serve((_, response) => void response.end("hello"));
      const request = get(server.url, { maxResponseBytes: bound as number });
      expect(await rejection(egressFor().exchange(request))).toMatchObject({
        code: "ARGUMENT_INVALID",
        delivery: "unsent",
      });
      expect(server.seen).toHaveLength(0);
    },
  );

  it("takes in little of an endless body that nobody reads", async () => {
    let written = 0;
    await using server = await serve((_, response) => endless(response, (bytes) => (written += bytes)));
    const { body } = await egressFor().exchange(get(server.url, { maxResponseBytes: Infinity }));
    const chunks = body[Symbol.asyncIterator]();
    await chunks.next();
    const before = process.memoryUsage().arrayBuffers;
    let still = written;
    for (let calm = 0; calm < 20; calm = written === still ? calm + 1 : 0) {
      still = written;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    // Most of it waits in the kernel's two socket buffers.
    expect(written).toBeLessThan(16 * 1024 * 1024);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * 1024 * 1024);
    for (let read = 0; read < 32 * 1024 * 1024;) read += (await chunks.next()).value?.length ?? Infinity;
    await chunks.return?.();
    await until(async () => (await server.connections()) === 0);
  });

  it("rejects headers that are too long", async () => {
    await using server = await serve(
      (_, response) => void response.setHeader("x-long", "x".repeat(9_000)).end(),
    );
    const failure = await rejection(
      egressFor({ limits: { maxHeaderBytes: 8_000 } }).exchange(get(server.url)),
    );
    expect(failure).toMatchObject({ code: "LIMIT_EXCEEDED", delivery: "unknown" });
  });

  it("refuses limits that it cannot keep", () => {
    for (const limits of [
      { maxResponseBytes: 0 },
      { socketTimeoutMs: Infinity },
      { maxHeaderBytes: 1.5 },
      { closeTimeoutMs: -1 },
    ]) {
      expect(() => createEgress({ limits })).toThrow(/CONFIG_INVALID.*limits\./u);
    }
  });

  it("refuses a limit that there is not, by its name", () => {
    const limits = { maxResponse: 1 } as object;
    expect(() => createEgress({ limits })).toThrow(/CONFIG_INVALID.*"maxResponse".*maxResponseBytes/u);
  });
});

function endless(response: ServerResponse, onWritten: (bytes: number) => void = () => {}): void {
  const chunk = Buffer.alloc(64 * 1024, "x");
  const more = () => {
    while (!response.destroyed && response.write(chunk)) onWritten(chunk.length);
  };
  response.on("drain", more);
  more();
}
