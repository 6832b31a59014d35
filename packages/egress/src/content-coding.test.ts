import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { brotliCompressSync, constants, deflateSync, gzip, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { egressFor, get } from "../test/egress.ts";
import { rejection, serve, until } from "../test/server.ts";

const text = JSON.stringify({ greeting: "grüß dich ".repeat(2_000) });
const noise = randomBytes(600_000);
const codings = {
  gzip: gzipSync,
  "x-gzip": gzipSync,
  deflate: deflateSync,
  br: (bytes: string | Uint8Array) =>
    brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
  zstd: zstdCompressSync,
} as const;

const encoded = (encoding: string, bytes: Uint8Array, write = (all: Uint8Array) => [all]) =>
  serve((_, response) => {
    response.setHeader("content-encoding", encoding);
    for (const part of write(bytes)) response.write(part);
    response.end();
  });

const inHalves = (all: Uint8Array) => [all.subarray(0, all.length >> 1), all.subarray(all.length >> 1)];

describe.each(Object.entries(codings))("a body in %s, which nobody asked for", (encoding, compress) => {
  it("is decoded, without the headers that describe the wire", async () => {
    await using server = await encoded(encoding.toUpperCase(), compress(text), inHalves);
    const egress = egressFor();
    const { body, headers } = await egress.exchange(get(server.url));
    expect(await body.text()).toBe(text);
    expect(headers).not.toHaveProperty("content-encoding");
    expect(headers).not.toHaveProperty("content-length");
    expect(egress.stats()).toEqual({ sockets: 1, requests: 0 });
  });

  it("is given as it arrives", async () => {
    const rest = Promise.withResolvers<void>();
    const [first = new Uint8Array(), last = new Uint8Array()] = inHalves(compress(noise));
    await using server = await serve(async (_, response) => {
      response.writeHead(200, { "content-encoding": encoding }).write(first);
      await rest.promise;
      response.end(last);
    });
    const { body } = await egressFor().exchange(get(server.url));
    let size = 0;
    const drained = body.drain((chunk) => void (size += chunk.length));
    await until(() => size > 0);
    rest.resolve();
    await drained;
    expect(size).toBe(noise.length);
  });

  it("is ended at the bound on decoded bytes, and holds little before", async () => {
    const maxResponseBytes = 4 * 1024 * 1024;
    await using server = await encoded(encoding, compress(Buffer.alloc(32 * 1024 * 1024)));
    const egress = egressFor({ limits: { maxResponseBytes } });
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const { body } = await egress.exchange(get(server.url));
    let size = 0;
    const failure = await rejection(
      body.drain((chunk) => {
        size += chunk.length;
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      }),
    );
    expect(failure).toMatchObject({ code: "LIMIT_EXCEEDED", delivery: "unknown" });
    expect(size).toBeLessThanOrEqual(maxResponseBytes);
    expect(most).toBeLessThan(2 * maxResponseBytes);
    expect(egress.stats().requests).toBe(0);
  });

  it("that is not what it says is a PROTOCOL_VIOLATION, and so is one that ends early", async () => {
    for (const bytes of [Buffer.from("not encoded at all"), compress(text).subarray(0, -9)]) {
      await using server = await encoded(encoding, bytes);
      const egress = egressFor();
      const { body } = await egress.exchange(get(server.url));
      const failure = await rejection(body.text());
      expect(failure).toMatchObject({ code: "PROTOCOL_VIOLATION", delivery: "answered" });
      expect(egress.stats().requests).toBe(0);
    }
  });
});

describe("an encoded body", () => {
  it("that nobody reads stops the sender", async () => {
    await using server = await encoded("gzip", await promisify(gzip)(Buffer.alloc(16 * 1024 * 1024)));
    const egress = egressFor({ limits: { maxResponseBytes: Infinity } });
    const before = process.memoryUsage().arrayBuffers;
    const { body } = await egress.exchange(get(server.url));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * 1024 * 1024);
    let size = 0;
    await body.drain((chunk) => void (size += chunk.length));
    expect(size).toBe(16 * 1024 * 1024);
  });

  it("may have the bound on encoded bytes too", async () => {
    await using server = await encoded("gzip", gzipSync(noise), inHalves);
    const egress = egressFor({ limits: { maxResponseBytes: noise.length } });
    const { body } = await egress.exchange(get(server.url));
    expect(await rejection(body.text())).toMatchObject({ code: "LIMIT_EXCEEDED" });
  });

  it("may be empty", async () => {
    await using server = await encoded("gzip", new Uint8Array());
    expect(await (await egressFor().exchange(get(server.url))).body.text()).toBe("");
  });

  it("can be left while it is read", async () => {
    await using server = await serve((_, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).write(gzipSync("some"));
    });
    const egress = egressFor();
    const abort = new AbortController();
    const { body } = await egress.exchange(get(server.url, { signal: abort.signal }));
    const read = rejection(body.text());
    abort.abort("enough");
    expect(await read).toBe("enough");
    (await egress.exchange(get(server.url))).body.cancel();
    expect(egress.stats().requests).toBe(0);
    await until(async () => (await server.connections()) === 0);
  });

  it.each(["compress", "gzip, br", "aes128gcm", "__proto__", "constructor"])(
    "in %j is refused",
    async (encoding) => {
      await using server = await encoded(encoding, Buffer.from("{}"));
      const failure = await rejection(egressFor().exchange(get(server.url)));
      expect(failure).toMatchObject({ code: "PROTOCOL_VIOLATION", delivery: "answered" });
    },
  );

  it("in identity is a plain one", async () => {
    await using server = await encoded("identity", Buffer.from("plain"));
    const { body } = await egressFor().exchange(get(server.url));
    expect(await body.text()).toBe("plain");
  });
});
