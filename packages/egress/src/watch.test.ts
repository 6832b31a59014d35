import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { egressFor, get, post } from "../test/egress.ts";
import { rejection, serve, serveRaw, until } from "../test/server.ts";
import type { EgressLimits } from "./index.ts";

describe.each(["sockets", "an injected fetch"])("over %s", (way) => {
  const limited = (limits: Partial<EgressLimits>) =>
    egressFor({ limits, ...(way === "sockets" ? {} : { fetch: (...given) => fetch(...given) }) });

  it("headers that do not come within firstByteTimeoutMs are a TIMEOUT, and the exchange ends", async () => {
    let ended = false;
    await using server = await serve((_, response) => void response.on("close", () => (ended = true)));
    const egress = limited({ firstByteTimeoutMs: 250 });
    const failure = await rejection(egress.exchange(post(server.url)));
    expect(failure).toMatchObject({ code: "TIMEOUT", delivery: "unknown", retryable: false });
    expect(String(failure)).toContain("firstByteTimeoutMs");
    expect(egress.stats().requests).toBe(0);
    await until(() => ended);
  });

  it("headers that trickle are no answer", async () => {
    await using server = await serveRaw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nx-slow: ");
      const timer = setInterval(() => socket.write("x"), 5);
      socket.on("close", () => clearInterval(timer));
    });
    const failure = await rejection(limited({ firstByteTimeoutMs: 60 }).exchange(post(server.url)));
    expect(failure).toMatchObject({ code: "TIMEOUT", delivery: "unknown" });
  });

  it("a body in which nothing comes for idleTimeoutMs is a TIMEOUT, after what had arrived", async () => {
    let ended = false;
    await using server = await serve(
      (_, response) => void response.on("close", () => (ended = true)).write("first"),
    );
    const egress = limited({ idleTimeoutMs: 200 });
    const { body } = await egress.exchange(get(server.url));
    let taken = 0;
    const failure = await rejection(body.drain(() => void taken++));
    expect(failure).toMatchObject({ code: "TIMEOUT", delivery: "unknown" });
    expect(String(failure)).toContain("idleTimeoutMs");
    expect(taken).toBe(1);
    expect(egress.stats().requests).toBe(0);
    await until(() => ended);
  });

  it("a body that keeps coming is not idle, however long it takes", async () => {
    await using server = await serve((_, response) => {
      let left = 12;
      const timer = setInterval(
        () => (left-- > 0 ? response.write(".") : (response.end(), clearInterval(timer))),
        100,
      );
    });
    const { body } = await limited({ idleTimeoutMs: 1_000 }).exchange(get(server.url));
    expect(await body.text()).toBe("............");
  });

  it("a reader who pauses is not a server that is idle", async () => {
    await using server = await serve((_, response) => void response.end(Buffer.alloc(8 * 1024 * 1024)));
    const { body } = await limited({ idleTimeoutMs: 400 }).exchange(get(server.url));
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(await body.text()).toHaveLength(8 * 1024 * 1024);
  });

  it("whatever trickles, an exchange is over after totalTimeoutMs", async () => {
    await using server = await serve((_, response) => {
      const timer = setInterval(() => response.write(": comment\n"), 5);
      response.on("close", () => clearInterval(timer));
    });
    const egress = limited({ totalTimeoutMs: 400, idleTimeoutMs: 10_000 });
    const read = async () => (await egress.exchange(get(server.url))).body.text();
    const failure = await rejection(read());
    expect(failure).toMatchObject({ code: "TIMEOUT", delivery: "unknown" });
    expect(String(failure)).toContain("totalTimeoutMs");
    expect(egress.stats().requests).toBe(0);
  });

  it("redirects do not begin it anew", async () => {
    await using server = await serve((request, response) => {
      setTimeout(() => {
        if (request.url === "/end") response.end("there");
        else response.writeHead(307, { location: request.url === "/mcp" ? "/next" : "/end" }).end();
      }, 100);
    });
    const failure = await rejection(limited({ totalTimeoutMs: 250 }).exchange(get(server.url)));
    expect(failure).toMatchObject({ code: "TIMEOUT" });
  });

  it("within its limits a request leaves no timer behind", async () => {
    await using server = await serve();
    const egress = limited({ totalTimeoutMs: 60_000, idleTimeoutMs: 60_000, firstByteTimeoutMs: 60_000 });
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    await (await egress.exchange(get(server.url))).body.text();
    const before = timers();
    for (let turn = 0; turn < 5; turn++) await (await egress.exchange(get(server.url))).body.text();
    expect(timers()).toBeLessThanOrEqual(before);
  });
});

it.each([
  ["all of it has come", true],
  ["more of it is to come", false],
])(
  "a reader who pauses while an encoded body is decoded is not a server that is idle: %s",
  async (_, isAll) => {
    await using server = await serve((_, response) => {
      response.writeHead(200, { "content-encoding": "gzip" });
      const bytes = gzipSync(Buffer.alloc(1024 * 1024));
      response.write(isAll ? bytes : bytes.subarray(0, -20));
      setTimeout(() => response.end(isAll ? undefined : bytes.subarray(-20)), isAll ? 0 : 500);
    });
    const { body } = await egressFor({ limits: { idleTimeoutMs: 200 } }).exchange(get(server.url));
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await body.text()).toHaveLength(1024 * 1024);
  },
);

it("interim responses without end are no answer either", async () => {
  await using server = await serveRaw((socket) => {
    const timer = setInterval(() => socket.write("HTTP/1.1 103 Early Hints\r\n\r\n"), 5);
    socket.on("close", () => clearInterval(timer));
  });
  const egress = egressFor({ limits: { firstByteTimeoutMs: 60 } });
  expect(await rejection(egress.exchange(post(server.url)))).toMatchObject({ code: "TIMEOUT" });
});

it("a request that never got a socket within totalTimeoutMs was not sent", async () => {
  await using server = await serve(() => {});
  const egress = egressFor({ limits: { totalTimeoutMs: 80, maxSocketsPerOrigin: 1, closeTimeoutMs: 1 } });
  const [first, second] = await Promise.all(
    ["first", "second"].map((body) => rejection(egress.exchange(post(server.url, { body })))),
  );
  expect(first).toMatchObject({ code: "TIMEOUT", delivery: "unknown" });
  expect(second).toMatchObject({ code: "TIMEOUT", delivery: "unsent" });
  expect(server.seen.map(({ body }) => body)).toEqual(["first"]);
});
