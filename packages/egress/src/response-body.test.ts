import { describe, expect, it } from "vitest";
import { egressFor, get, post } from "../test/egress.ts";
import { rejection, serve, serveRaw, until } from "../test/server.ts";

describe("a body", () => {
  it("can be read once", async () => {
    await using server = await serve();
    const { body } = await egressFor().exchange(get(server.url));
    await body.text();
    expect(await rejection(body.text())).toMatchObject({ code: "ARGUMENT_INVALID" });
  });

  it("keeps the socket when it is cancelled after it has arrived, and ends it when before", async () => {
    await using server = await serve((request, response) => {
      if (request.method === "POST") response.end("all");
      else response.write("some");
    });
    const egress = egressFor();
    (await egress.exchange(post(server.url))).body.cancel();
    (await egress.exchange(post(server.url))).body.cancel();
    expect(await server.connections()).toBe(1);
    (await egress.exchange(get(server.url))).body.cancel();
    await until(async () => (await server.connections()) === 0);
    expect(egress.stats()).toEqual({ sockets: 0, requests: 0 });
  });

  it("decodes characters that are split between chunks", async () => {
    const bytes = Buffer.from("żółć ".repeat(40_000));
    await using server = await serve((_, response) => {
      for (let at = 0; at < bytes.length; at += 1_001) response.write(bytes.subarray(at, at + 1_001));
      response.end();
    });
    const { body } = await egressFor().exchange(get(server.url));
    expect(await body.text()).toBe(bytes.toString());
  });
});

it("a body may be drained while another one's chunk is taken", async () => {
  const half = Buffer.alloc(1024 * 1024);
  await using server = await serve((_, response) => {
    response.write(half);
    setTimeout(() => response.end(half), 100);
  });
  const egress = egressFor();
  const { body: waiting } = await egress.exchange(get(server.url));
  const { body } = await egress.exchange(get(server.url));
  let size = 0;
  let isLate = false;
  let other: Promise<void> | undefined;
  setTimeout(() => (isLate = true), 50);
  await body.drain(() => {
    // By now the other one is full, and a chunk comes straight from its socket.
    if (isLate) other ??= waiting.drain((chunk) => void (size += chunk.length));
  });
  await other;
  expect(size).toBe(2 * half.length);
});

describe.each(["sockets", "an injected fetch"])("drain, over %s", (way) => {
  const egressOver = () => egressFor(way === "sockets" ? {} : { fetch: (...given) => fetch(...given) });
  const decoder = new TextDecoder();

  it("hands over what waits and then each chunk as it arrives, and resolves at the end", async () => {
    const next = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    await using server = await serve(async (_, response) => {
      response.write("one");
      await next[0].promise;
      response.write("two");
      await next[1].promise;
      response.end("three");
    });
    const egress = egressOver();
    const { body } = await egress.exchange(get(server.url));
    const taken: string[] = [];
    let over = false;
    const drained = body.drain((chunk) => void taken.push(decoder.decode(chunk))).then(() => (over = true));
    await until(() => taken.length === 1);
    next[0].resolve();
    await until(() => taken.length === 2);
    expect(over).toBe(false);
    next[1].resolve();
    await drained;
    expect(taken).toEqual(["one", "two", "three"]);
    expect(egress.stats().requests).toBe(0);
  });

  it("reads on after a pause: what nobody read had stopped the sender", async () => {
    await using server = await serve((_, response) => void response.end(Buffer.alloc(4 * 1024 * 1024)));
    const { body } = await egressOver().exchange(get(server.url));
    await new Promise((resolve) => setTimeout(resolve, 50));
    let size = 0;
    await body.drain((chunk) => void (size += chunk.length));
    expect(size).toBe(4 * 1024 * 1024);
  });

  it("is given everything when all has arrived before it, and nothing twice", async () => {
    await using server = await serve((_, response) => void response.end("all"));
    const egress = egressOver();
    const { body } = await egress.exchange(get(server.url));
    await until(() => egress.stats().requests === 0);
    const taken: string[] = [];
    await body.drain((chunk) => void taken.push(decoder.decode(chunk)));
    expect(taken).toEqual(["all"]);
    expect(await rejection(body.drain(() => {}))).toMatchObject({ code: "ARGUMENT_INVALID" });
    expect(await rejection(body.text())).toMatchObject({ code: "ARGUMENT_INVALID" });
  });

  it("resolves when it is cancelled, from within and from without, and the exchange ends", async () => {
    let ended = 0;
    await using server = await serve(
      (_, response) => void response.on("close", () => ended++).write("first"),
    );
    const egress = egressOver();
    for (const from of ["within", "without"]) {
      const { body } = await egress.exchange(get(server.url));
      let taken = 0;
      const drained = body.drain(() => {
        taken++;
        if (from === "within") body.cancel();
      });
      await until(() => taken === 1);
      body.cancel();
      await drained;
      expect(egress.stats().requests).toBe(0);
    }
    await until(() => ended === 2);
  });

  it("rejects with what take throws, hands over nothing more, and the exchange ends", async () => {
    const more = Promise.withResolvers<void>();
    let ended = false;
    await using server = await serve(async (_, response) => {
      response.on("close", () => (ended = true)).write("first");
      await more.promise;
      response.write("second");
    });
    const egress = egressOver();
    const { body } = await egress.exchange(get(server.url));
    const thrown = { mine: true };
    let taken = 0;
    const drained = rejection(
      body.drain(() => {
        if (++taken === 2) throw thrown as unknown as Error;
        more.resolve();
      }),
    );
    expect(await drained).toBe(thrown);
    expect(taken).toBe(2);
    expect(egress.stats().requests).toBe(0);
    await until(() => ended);
  });

  it("rejects where the connection is lost, after what had arrived, and with the signal's reason", async () => {
    await using broken = await serveRaw((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
        setTimeout(() => socket.destroy(), 20);
      });
    });
    const egress = egressOver();
    const taken: string[] = [];
    const { body } = await egress.exchange(get(broken.url));
    const drained = body.drain((chunk) => void taken.push(decoder.decode(chunk)));
    expect(await rejection(drained)).toMatchObject({ code: "CONNECTION_LOST", delivery: "unknown" });
    expect(taken).toEqual(["half"]);

    await using server = await serve((_, response) => void response.write("first"));
    const abort = new AbortController();
    const answer = await egress.exchange(get(server.url, { signal: abort.signal }));
    const aborted = rejection(answer.body.drain(() => abort.abort("enough")));
    expect(await aborted).toBe("enough");
  });

  it("keeps the byte bound", async () => {
    await using server = await serve((_, response) => {
      response.write("x".repeat(900));
      setImmediate(() => response.end("x".repeat(200)));
    });
    const { body } = await egressOver().exchange(get(server.url, { maxResponseBytes: 1_000 }));
    let size = 0;
    const drained = rejection(body.drain((chunk) => void (size += chunk.length)));
    expect(await drained).toMatchObject({ code: "LIMIT_EXCEEDED" });
    expect(size).toBeLessThanOrEqual(1_000);
  });
});

it("text of many megabytes in tiny chunks is whole", async () => {
  const text = "żółć ".repeat(300_000);
  const bytes = Buffer.from(text);
  await using server = await serve((_, response) => {
    for (let at = 0; at < bytes.length; at += 997) response.write(bytes.subarray(at, at + 997));
    response.end();
  });
  const { body } = await egressFor().exchange(post(server.url));
  expect(await body.text()).toBe(text);
});
