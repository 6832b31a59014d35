import fc from "fast-check";
import type { TenantryError } from "@tenantry/core";
import { describe, expect, it } from "vitest";
import { LineDecoder } from "./line-decoder.ts";

const bounded = (maxMessageBytes: number, maxDepth = 256) => new LineDecoder({ maxMessageBytes, maxDepth });

function decode(decoder: LineDecoder, chunks: readonly Buffer[]): object[] {
  const messages: object[] = [];
  for (const chunk of chunks) decoder.push(chunk, (message) => messages.push(message));
  return messages;
}

function cut(bytes: Buffer, at: readonly number[]): readonly Buffer[] {
  const places = [
    0,
    ...at.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b),
    bytes.length,
  ];
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place));
}

describe("LineDecoder", () => {
  it("gives the same messages however the bytes are cut", () => {
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(
        fc.array(text, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.constantFrom("\n", "\r\n"),
        (texts, places, feed) => {
          const sent = texts.map((params, id) => ({ jsonrpc: "2.0", id, params }));
          const bytes = Buffer.from(sent.map((one) => JSON.stringify(one) + feed).join(""));
          expect(decode(bounded(1 << 20), cut(bytes, places))).toEqual(sent);
        },
      ),
      { numRuns: 50 },
    );
  }, 20_000);

  it("takes the last line without its line feed at the end only", () => {
    const decoder = bounded(100);
    expect(decode(decoder, [Buffer.from('{"jsonrpc":"2.0"}')])).toEqual([]);
    const messages: object[] = [];
    decoder.end((message) => messages.push(message));
    expect(messages).toEqual([{ jsonrpc: "2.0" }]);
    expect(decoder.noiseCount).toBe(0);
  });

  it.each([
    ["in one chunk", ["x".repeat(101) + "\n"]],
    ["in one chunk without its end", ["x".repeat(101)]],
    ["in pieces", ["x".repeat(60), "x".repeat(41)]],
    ["in pieces, the last with its end", ["x".repeat(60), "x".repeat(41) + "\n"]],
  ])("refuses a line that is too long, %s", (_how, chunks) => {
    const run = () =>
      decode(
        bounded(100),
        chunks.map((chunk) => Buffer.from(chunk)),
      );
    expect(run).toThrow(expect.objectContaining({ code: "LIMIT_EXCEEDED" }) as TenantryError);
  });

  it("costs no more for a line that comes byte by byte", () => {
    const decoder = bounded(4 * 1024 * 1024);
    const before = process.memoryUsage();
    const byte = Buffer.from("x");
    for (let count = 0; count < 2_000_000; count++) decoder.push(byte, () => {});
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(8 * 1024 * 1024);
  });

  it("refuses a message that nests too deeply before it is built, and not brackets within its strings", () => {
    const nested = (levels: number, inner = "") =>
      Buffer.from(`{"jsonrpc":"2.0","a":${"[".repeat(levels - 1)}${inner}${"]".repeat(levels - 1)}}\n`);
    expect(decode(bounded(10_000, 8), [nested(8)])).toHaveLength(1);
    for (const text of ["[[[[[[[[[", '\\"[[[[[[[[', "\\\\", '\\\\\\"[[[[[[[['])
      expect(decode(bounded(10_000, 8), [nested(8, `"${text}"`)])).toHaveLength(1);
    for (const levels of [9, 4_000]) {
      expect(() => decode(bounded(10_000, 8), [nested(levels)])).toThrow(
        expect.objectContaining({
          code: "LIMIT_EXCEEDED",
          delivery: "unknown",
        } satisfies Partial<TenantryError>),
      );
    }
  });
});
