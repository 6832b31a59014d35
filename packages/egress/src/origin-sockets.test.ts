import Client from "undici/lib/dispatcher/client.js";
import { describe, expect, it, onTestFinished } from "vitest";
import { egressFor, post } from "../test/egress.ts";
import { serve, serveRaw, until } from "../test/server.ts";
import { AddressPolicy } from "./address-policy.ts";
import { limitsOf } from "./limits.ts";
import { OriginSockets } from "./origin-sockets.ts";
import { placeOf } from "./place.ts";

const answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

describe("a request that comes right after an answer", () => {
  it("takes the warm socket, one after another and several at once", async () => {
    await using server = await serve();
    const egress = egressFor();
    const call = async () => (await egress.exchange(post(server.url))).body.text();
    for (let turn = 0; turn < 20; turn++) await call();
    expect(await server.connections()).toBe(1);
    const callInTurn = async () => {
      for (let turn = 0; turn < 20; turn++) await call();
    };
    await Promise.all(Array.from({ length: 8 }, callInTurn));
    expect(await server.connections()).toBe(8);
    expect(egress.stats()).toEqual({ sockets: 8, requests: 0 });
  });

  it("takes a fresh one where the server closes after each answer without saying so", async () => {
    let sockets = 0;
    await using server = await serveRaw((socket) => {
      sockets++;
      socket.on("data", () => socket.end(answer));
    });
    const egress = egressFor();
    for (let turn = 1; turn <= 5; turn++) {
      expect(await (await egress.exchange(post(server.url))).body.text()).toBe("ok");
      expect(sockets).toBe(turn);
    }
  });

  it("takes a fresh one where the server says that it closes", async () => {
    await using server = await serve(
      (_, response) => void response.setHeader("connection", "close").end("ok"),
    );
    const egress = egressFor();
    for (let turn = 0; turn < 5; turn++) {
      expect(await (await egress.exchange(post(server.url))).body.text()).toBe("ok");
    }
    await until(() => egress.stats().sockets === 0);
  });

  it("waits for a socket that is about to be free rather than opening one", async () => {
    await using server = await serve();
    const egress = egressFor();
    const { body } = await egress.exchange(post(server.url));
    // The first answer's socket is seen to first, so this one and no other waits for it.
    const [second, third] = await Promise.all([
      egress.exchange(post(server.url)),
      egress.exchange(post(server.url)),
    ]);
    for (const one of [body, second.body, third.body]) expect(await one.text()).toBe("ok");
    expect(await server.connections()).toBe(2);
  });
});

it("a request that was answered before it was all written leaves its socket to nobody", async () => {
  const hidden = "GET /hidden HTTP/1.1\r\n\r\n";
  await using server = await serveRaw((socket) => {
    let isFirst = true;
    let rest = "";
    socket.on("data", (bytes: Buffer) => {
      rest = (rest + bytes.toString("latin1")).slice(-1_000);
      // Takes what it has not read of a body that it has answered for another request.
      if (isFirst || rest.includes(hidden)) socket.write(isFirst ? answer : answer.replace("ok", "no"));
      if (!isFirst) return;
      isFirst = false;
      socket.pause();
      setTimeout(() => socket.resume(), 50);
    });
  });
  const egress = egressFor({ limits: { maxSocketsPerOrigin: 1 } });
  const first = await egress.exchange(post(server.url, { body: "x".repeat(16 * 1024 * 1024) + hidden }));
  expect(await first.body.text()).toBe("ok");
  expect(await (await egress.exchange(post(server.url))).body.text()).toBe("ok");
  expect(egress.stats()).toEqual({ sockets: 1, requests: 0 });
});

it("sockets that are no longer needed run out of time, because the last one used is the first one lent", async () => {
  await using server = await serve(
    (_, response) => void response.setHeader("keep-alive", "timeout=3").end("ok"),
  );
  const egress = egressFor();
  const call = async () => (await egress.exchange(post(server.url))).body.text();
  await Promise.all(Array.from({ length: 5 }, call));
  expect(egress.stats().sockets).toBe(5);
  for (const end = performance.now() + 1_600; performance.now() < end;) {
    await call();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(egress.stats().sockets).toBe(1);
});

it.each([
  ["says that it closes", "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"],
  ["closes without a word", answer],
  ["breaks off", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok"],
])("nothing is kept of an origin whose server %s", async (_, words) => {
  await using server = await serveRaw((socket) => void socket.on("data", () => socket.end(words)));
  const { sockets, send, unused } = socketsTo(server.url);
  await Promise.allSettled([1, 2, 3].map(async () => (await send()).body.text()));
  await until(() => unused() > 0);
  expect(sockets).toMatchObject({ connected: 0, requests: 0 });
});

it("nothing is kept of an origin where nobody answers", async () => {
  const server = await serve();
  await server[Symbol.asyncDispose]();
  const { send, unused } = socketsTo(server.url);
  await Promise.allSettled([1, 2, 3].map(send));
  await until(() => unused() > 0);
});

function socketsTo(url: URL) {
  let unused = 0;
  const sockets = new OriginSockets({
    limits: limitsOf(),
    open: () => new Client(url.origin, { allowH2: false, pipelining: 1 }),
    quiet: () => {},
    unused: () => void unused++,
  });
  onTestFinished(() => sockets.end());
  const place = placeOf(url, "code", new AddressPolicy());
  const hop = {
    place,
    method: "GET",
    headers: [],
    body: undefined,
    maxResponseBytes: 1_000,
    until: Infinity,
  } as const;
  return { sockets, send: () => sockets.send(hop), unused: () => unused };
}
