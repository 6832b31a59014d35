import { secret, type Origin } from "@tenantry/core";
import { execFile } from "node:child_process";
import { getEventListeners } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { http, HttpResponse, setupServer } from "../test/msw.js";
import { rejection, serve } from "../test/server.ts";
import { createEgress, guardedFetch, type ExchangeRequest } from "./index.ts";

describe("guardedFetch", () => {
  it("carries what a fetch is given and answers as a fetch does", async () => {
    await using server = await serve(
      (_, response, { body }) => void response.writeHead(201, { "x-one": "1" }).end(`got ${body}`),
    );
    await using egress = createEgress();
    const fetch = guardedFetch(egress, { provenance: "code" });
    const body = new URLSearchParams({ a: "1" });
    const response = await fetch(server.url, { method: "POST", headers: { Authorization: "Basic x" }, body });
    expect(response).toMatchObject({ status: 201, ok: true, url: server.url.href });
    expect(response.headers.get("x-one")).toBe("1");
    expect(await response.text()).toBe("got a=1");
    expect(server.seen[0]?.headers).toMatchObject({
      authorization: "Basic x",
      "content-type": "application/x-www-form-urlencoded;charset=UTF-8",
    });
    expect(await (await fetch(new Request(server.url))).text()).toBe("got ");
  });

  it("is foreign on the egress itself", async () => {
    await using server = await serve();
    await using egress = createEgress();
    expect(await rejection(egress.fetch(server.url))).toMatchObject({ code: "ADDRESS_REFUSED" });
  });

  it("gives an answer without a body for 204, and streams what is longer than a chunk", async () => {
    await using server = await serve((request, response) => {
      if (request.method === "DELETE") response.writeHead(204).end();
      else response.end("x".repeat(300_000));
    });
    await using egress = createEgress();
    const fetch = guardedFetch(egress, { provenance: "code" });
    expect(await fetch(server.url, { method: "DELETE" })).toMatchObject({ status: 204, body: null });
    expect(await (await fetch(server.url)).text()).toHaveLength(300_000);
  });

  it("refuses a status that no fetch can give, and frees its socket", async () => {
    await using server = await serve((_, response) => void response.writeHead(999).write("some"));
    await using egress = createEgress();
    const failure = await rejection(guardedFetch(egress, { provenance: "code" })(server.url));
    expect(failure).toMatchObject({ code: "PROTOCOL_VIOLATION", status: 999, delivery: "answered" });
    expect(egress.stats().requests).toBe(0);
  });

  it("treats redirects as it is asked to", async () => {
    await using server = await serve(
      (_, response) => void response.writeHead(302, { location: "https://other.example/" }).end(),
    );
    await using egress = createEgress();
    const fetch = guardedFetch(egress, { provenance: "code" });
    expect(await rejection(fetch(server.url))).toMatchObject({ code: "ORIGIN_REFUSED" });
    expect(await rejection(fetch(server.url, { redirect: "error" }))).toMatchObject({
      code: "ORIGIN_REFUSED",
    });
    const manual = await fetch(server.url, { redirect: "manual" });
    expect(manual.status).toBe(302);
    expect(manual.headers.get("location")).toBe("https://other.example/");
  });

  it("waits for a body that never comes no longer than its signal, and sends nothing", async () => {
    await using server = await serve();
    await using egress = createEgress();
    const abort = new AbortController();
    const body = new ReadableStream({});
    const init = { method: "POST", body, duplex: "half", signal: abort.signal } as RequestInit;
    const sending = rejection(guardedFetch(egress, { provenance: "code" })(server.url, init));
    abort.abort("enough");
    expect(await sending).toBe("enough");
    expect(server.seen).toHaveLength(0);
  });

  it("throws the signal's own reason and leaves no listener on it", async () => {
    await using server = await serve();
    await using egress = createEgress();
    const fetch = guardedFetch(egress, { provenance: "code" });
    const abort = new AbortController();
    await (await fetch(server.url, { signal: abort.signal })).text();
    expect(getEventListeners(abort.signal, "abort")).toEqual([]);
    abort.abort("enough");
    expect(await rejection(fetch(server.url, { signal: abort.signal }))).toBe("enough");
    expect(await rejection(fetch(server.url, { method: "PUT" }))).toMatchObject({ code: "ARGUMENT_INVALID" });
    expect(server.seen).toHaveLength(1);
  });
});

describe("an injected fetch", () => {
  const mocked = setupServer();
  beforeAll(() => mocked.listen({ onUnhandledFrame: "error" }));
  afterEach(() => mocked.resetHandlers());
  afterAll(() => mocked.close());

  const url = new URL("https://api.example/mcp");
  const request = (more: Partial<ExchangeRequest> = {}): ExchangeRequest => ({
    url,
    method: "POST",
    provenance: "code",
    headers: { "content-type": "text/plain" },
    bound: { origins: [url.origin as Origin], headers: { authorization: secret("Bearer s3cret") } },
    body: "hello",
    ...more,
  });
  const injected = (more = {}) =>
    createEgress({ fetch: (input, init) => globalThis.fetch(input, init), ...more });

  it("lets the host's own MSW answer", async () => {
    const seen: [string | null, string][] = [];
    mocked.use(
      http.post(url.href, async ({ request: sent }) => {
        seen.push([sent.headers.get("authorization"), await sent.text()]);
        return HttpResponse.text("mocked", { status: 202, headers: { "x-one": "1" } });
      }),
    );
    await using egress = injected();
    const response = await egress.exchange(request());
    expect(response).toMatchObject({ status: 202, headers: { "x-one": "1" } });
    expect(await response.body.text()).toBe("mocked");
    expect(seen).toEqual([["Bearer s3cret", "hello"]]);
    expect(egress.stats()).toEqual({ sockets: 0, requests: 0 });
  });

  it("keeps redirects and origins ours", async () => {
    let elsewhere = 0;
    mocked.use(
      http.post(
        url.href,
        () => new HttpResponse(null, { status: 307, headers: { location: "https://evil.example/" } }),
      ),
      http.post(
        "https://api.example/same",
        () => new HttpResponse(null, { status: 308, headers: { location: "/end" } }),
      ),
      http.post("https://api.example/end", ({ request: { headers } }) =>
        HttpResponse.text(headers.get("authorization")),
      ),
      http.post("https://evil.example/", () => HttpResponse.text(String(elsewhere++))),
    );
    await using egress = injected();
    expect(await rejection(egress.exchange(request()))).toMatchObject({
      code: "ORIGIN_REFUSED",
      delivery: "refused",
    });
    expect(elsewhere).toBe(0);
    const same = await egress.exchange(request({ url: new URL("/same", url) }));
    expect(await same.body.text()).toBe("Bearer s3cret");
    const other = request({ url: new URL("https://evil.example/") });
    expect(await rejection(egress.exchange(other))).toMatchObject({
      code: "ORIGIN_REFUSED",
      delivery: "unsent",
    });
  });

  it("is not called for a foreign name that leads to a private address", async () => {
    let called = 0;
    const lookup = () => Promise.resolve(["10.0.0.1"]);
    await using egress = createEgress({
      fetch: () => Promise.resolve(new Response(String(called++))),
      lookup,
    });
    const foreign = (href: string) => {
      const { bound: _, ...plain } = request({ url: new URL(href), provenance: "foreign" });
      return rejection(egress.exchange(plain));
    };
    for (const url of [
      "https://api.example/",
      "http://169.254.169.254/",
      "http://metadata.google.internal/",
      "ftp://x.example/",
    ]) {
      expect(await foreign(url)).toMatchObject({ code: "ADDRESS_REFUSED", delivery: "unsent" });
    }
    expect(called).toBe(0);
    await using allowed = createEgress({
      fetch: () => Promise.resolve(new Response("ok")),
      lookup,
      allow: ["10.0.0.0/8"],
    });
    const response = await allowed.exchange(request({ provenance: "foreign" }));
    expect(await response.body.text()).toBe("ok");
  });

  it("is not called for a foreign name that cannot be looked up, and nothing was sent", async () => {
    let called = 0;
    const fetch = () => Promise.resolve(new Response(String(called++)));
    const unsaid = new Error("the resolver is broken");
    for (const lookup of [() => Promise.reject(unsaid), () => Promise.resolve([])]) {
      await using egress = createEgress({ fetch, lookup });
      expect(await rejection(egress.exchange(request({ provenance: "foreign" })))).toMatchObject({
        code: "CONNECT_FAILED",
        delivery: "unsent",
        retryable: true,
      });
    }
    expect(called).toBe(0);
  });

  it("is not called for a foreign name in a runtime without a resolver, which is a matter of configuration", async () => {
    vi.doMock("node:dns/promises", () => {
      throw new Error("No such module");
    });
    onTestFinished(() => void vi.doUnmock("node:dns/promises"));
    let called = 0;
    await using egress = createEgress({ fetch: () => Promise.resolve(new Response(String(called++))) });
    const failure = await rejection(egress.exchange(request({ provenance: "foreign" })));
    expect(failure).toMatchObject({ code: "CONFIG_INVALID", delivery: "unsent", retryable: false });
    expect(String(failure)).toContain("lookup");
    expect(called).toBe(0);
  });

  it("keeps the byte bound, and ends the stream at it", async () => {
    let cancelled = false;
    const stream = () =>
      new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new Uint8Array(1_024)),
        cancel: () => void (cancelled = true),
      });
    await using egress = createEgress({
      fetch: () => Promise.resolve(new Response(stream())),
      limits: { maxResponseBytes: 300_000 },
    });
    const { body } = await egress.exchange(request());
    expect(await rejection(body.text())).toMatchObject({ code: "LIMIT_EXCEEDED" });
    expect(cancelled).toBe(true);
    expect(egress.stats().requests).toBe(0);
  });

  it("pauses while nobody reads", async () => {
    let pulled = 0;
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>) =>
      controller.enqueue(new Uint8Array((pulled += 1_024) && 1_024));
    await using egress = createEgress({
      fetch: () => Promise.resolve(new Response(new ReadableStream({ pull }))),
    });
    const { body } = await egress.exchange(request());
    for (let turn = 0; turn < 1_000; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(pulled).toBeLessThan(128 * 1024);
    let read = 0;
    for await (const chunk of body) if ((read += chunk.length) > 512 * 1024) break;
    expect(egress.stats().requests).toBe(0);
  });

  it("maps its failures: unsent where that is sure, unknown otherwise", async () => {
    const failing = (error: unknown) => createEgress({ fetch: () => Promise.reject(error as Error) });
    const refused = new TypeError("fetch failed", {
      cause: Object.assign(new Error("no"), { code: "ECONNREFUSED" }),
    });
    expect(await rejection(failing(refused).exchange(request()))).toMatchObject({
      code: "CONNECT_FAILED",
      delivery: "unsent",
      retryable: true,
    });
    const lost = new TypeError("fetch failed");
    expect(await rejection(failing(lost).exchange(request()))).toMatchObject({
      code: "CONNECTION_LOST",
      delivery: "unknown",
      cause: lost,
    });
  });

  it("must give bytes, and is told to stop where it does not", async () => {
    for (const wrong of ["text", undefined, new Uint32Array(8), { length: -1 }]) {
      let isLeft = false;
      const stream = new ReadableStream({
        start: (controller) => void controller.enqueue(wrong),
        cancel: () => void (isLeft = true),
      });
      await using egress = createEgress({ fetch: () => Promise.resolve(new Response(stream)) });
      const { body } = await egress.exchange(request());
      expect(await rejection(body.text())).toMatchObject({
        code: "PROTOCOL_VIOLATION",
        delivery: "answered",
      });
      expect(isLeft).toBe(true);
      expect(egress.stats().requests).toBe(0);
    }
  });

  it("refuses an answer that was redirected behind our back", async () => {
    const response = Object.defineProperty(new Response("x"), "redirected", { value: true });
    await using egress = createEgress({ fetch: () => Promise.resolve(response) });
    expect(await rejection(egress.exchange(request()))).toMatchObject({
      code: "ORIGIN_REFUSED",
      delivery: "unknown",
    });
  });

  it("is left at once on abort, timeout and close, even if it ignores its signal", async () => {
    const never = () => new Promise<never>(() => {});
    const egress = createEgress({ fetch: never, limits: { closeTimeoutMs: 20 } });
    const abort = new AbortController();
    const waits = rejection(egress.exchange(request({ signal: abort.signal })));
    abort.abort("enough");
    expect(await waits).toBe("enough");
    expect(getEventListeners(abort.signal, "abort")).toEqual([]);
    await using slow = createEgress({ fetch: never, limits: { firstByteTimeoutMs: 20 } });
    expect(await rejection(slow.exchange(request()))).toMatchObject({ code: "TIMEOUT", delivery: "unknown" });
    const open = rejection(egress.exchange(request()));
    await egress.close();
    expect(await open).toMatchObject({ code: "CLOSED" });
    expect(await rejection(egress.exchange(request()))).toMatchObject({ code: "CLOSED" });
  });
});

describe("the package", () => {
  it("leaves the global object alone, and the process ends by itself after a request, closed or not", async () => {
    await using server = await serve((_, response) => void response.end("ok"));
    const script = `
      await import("@tenantry/core");
      const names = () => Reflect.ownKeys(globalThis).map(String).sort().join();
      const before = names();
      const { createEgress } = await import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)});
      const egress = createEgress();
      const response = await egress.exchange({ url: new URL(process.argv[1]), method: "GET", provenance: "code", headers: {} });
      console.log(await response.body.text(), before === names());
    `;
    expect(await run(script, server.url.href)).toBe("ok true");
  });

  it("heeds no proxy of the environment", async () => {
    await using proxy = await serve((_, response) => void response.end("proxied"));
    await using server = await serve();
    const script = `
      const { createEgress } = await import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)});
      await using egress = createEgress({ lookup: () => Promise.resolve(["127.0.0.1"]), allow: ["x.example"] });
      const url = new URL(process.argv[1]);
      for (const [provenance, hostname] of [["code", url.hostname], ["foreign", "x.example"]]) {
        url.hostname = hostname;
        const response = await egress.exchange({ url, method: "GET", provenance, headers: {} });
        console.log(await response.body.text());
      }
    `;
    const names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
    const proxies = names
      .flatMap((name) => [name, name.toLowerCase()])
      .map((name) => [name, proxy.url.origin]);
    const env = { ...process.env, ...Object.fromEntries(proxies), NODE_USE_ENV_PROXY: "1", NO_PROXY: "" };
    expect(await run(script, server.url.href, env)).toBe("ok\nok");
    expect(proxy.seen).toEqual([]);
  });
});

function run(script: string, argument: string, env = process.env): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const cwd = new URL("..", import.meta.url);
  const args = ["--input-type=module", "-e", script, argument];
  execFile(process.execPath, args, { cwd, env, timeout: 20_000 }, (error, stdout, stderr) =>
    resolve(error ? String(error) + stderr : stdout.trim()),
  );
  return promise;
}
