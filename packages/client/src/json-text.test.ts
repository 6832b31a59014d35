import fc from "fast-check";
import { test as it, expect } from "vitest";
import { parseJson } from "./json-text.ts";

const limits = (maxDepth: number, maxMessageBytes = 1_000_000) => ({ maxDepth, maxMessageBytes });
const nested = (levels: number, inner = "") => "[".repeat(levels) + inner + "]".repeat(levels);

it("accepts nesting up to its bound and no deeper", () => {
  expect(parseJson(nested(8), limits(8))).toBeDefined();
  expect(() => parseJson(nested(9), limits(8))).toThrow(expect.objectContaining({ code: "LIMIT_EXCEEDED" }));
  expect(() => parseJson(`{"a":${nested(8)}}`, limits(8))).toThrow(
    expect.objectContaining({ code: "LIMIT_EXCEEDED" }),
  );
});

it("does not count brackets within strings, however they are escaped", () => {
  for (const text of ["[[[[[[[[[[[[", '\\"[[[[[[[[[[', "\\\\", '\\\\\\"[[[[[[[[[[', "[[[[[[[\\\\"]) {
    expect(parseJson(`["${text}",${nested(7)}]`, limits(8))).toHaveLength(2);
    expect(() => parseJson(`["${text}",${nested(8)}]`, limits(8))).toThrow(
      expect.objectContaining({ code: "LIMIT_EXCEEDED" }),
    );
  }
});

it("counts brackets that are open, not brackets in all", () => {
  expect(parseJson(`[${Array.from({ length: 100 }, () => "[{}]").join(",")}]`, limits(3))).toHaveLength(100);
});

it("agrees with the depth of any value", () => {
  const depth = (value: unknown): number =>
    typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0;
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const text = JSON.stringify(value);
      const limit = Math.max(1, depth(value));
      expect(JSON.stringify(parseJson(text, limits(limit)))).toBe(text);
      if (limit > 1)
        expect(() => parseJson(text, limits(limit - 1))).toThrow(
          expect.objectContaining({ code: "LIMIT_EXCEEDED" }),
        );
    }),
  );
});

it("throws a SyntaxError for what is not JSON", () => {
  for (const text of ["", "{", '"', `"${"\\".repeat(500)}`, "]".repeat(500)])
    expect(() => parseJson(text, limits(3))).toThrow(SyntaxError);
});

it("refuses text whose values would take more than a message may, before it builds them", () => {
  const many = (value: string) => `[${Array.from({ length: 10_000 }, () => value).join(",")}]`;
  for (const value of ["{}", "[]", '""', '{"a":1}']) {
    expect(() => parseJson(many(value), limits(8, 100_000))).toThrow(
      /more values than fit into 100000 bytes/u,
    );
    expect(parseJson(many(value), limits(8, 2_000_000))).toHaveLength(10_000);
  }
  expect(parseJson(many("1"), limits(8, 100_000))).toHaveLength(10_000);
  expect(parseJson(`["${"{}".repeat(50_000)}"]`, limits(8, 100_000))).toHaveLength(1);
});
