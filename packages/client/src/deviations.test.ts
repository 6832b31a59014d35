import { TenantryError, type Method } from "@tenantry/core";
import fc from "fast-check";
import { test as it, expect } from "vitest";
import { acceptOldResult, acceptUnserved } from "./deviations.ts";

it("takes the old shape of a result for content, and drops nothing", () => {
  const old = Object.freeze({ toolResult: "found it", isError: true, _meta: { a: 1 }, more: [2] });
  expect(acceptOldResult("look\n up", old)).toEqual({
    result: { ...old, content: [{ type: "text", text: "found it" }] },
    deviation: { kind: "old_result", message: expect.stringContaining('"look\\n up"') },
  });
});

it("writes an old result that is no text as JSON", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (toolResult) => {
      const [block] = acceptOldResult("any", { toolResult })?.result.content as {
        type: string;
        text: string;
      }[];
      expect(block?.type).toBe("text");
      const read: unknown = typeof toolResult === "string" ? block?.text : JSON.parse(block?.text ?? "");
      expect(JSON.stringify(read)).toBe(JSON.stringify(toolResult));
    }),
  );
});

it("leaves every other result alone", () => {
  expect(acceptOldResult("any", { content: [] })).toBeUndefined();
  expect(acceptOldResult("any", { content: [], toolResult: "also" })).toBeUndefined();
  expect(acceptOldResult("any", {})).toBeUndefined();
});

const refusal = (code: number) =>
  new TenantryError("SERVER_ERROR", "no", { delivery: "answered", rpc: { code, message: "no" } });
const all = { tools: {}, resources: {}, prompts: {}, completions: {} };

it.each([
  ["tools/list", "tools"],
  ["resources/list", "resources"],
  ["resources/templates/list", "resourceTemplates"],
  ["prompts/list", "prompts"],
] satisfies [Method, string][])("takes an unserved %s for an empty list", (method, key) => {
  expect(acceptUnserved(method, refusal(-32_601), all)).toEqual({
    result: { [key]: [] },
    deviation: { kind: "unserved_capability", message: expect.stringContaining(method) },
  });
});

it("leaves every other failure alone", () => {
  expect(acceptUnserved("tools/list", refusal(-32_601), { resources: {} })).toBeUndefined();
  expect(acceptUnserved("tools/list", refusal(-32_603), all)).toBeUndefined();
  expect(acceptUnserved("tools/list", new Error("-32601"), all)).toBeUndefined();
  expect(acceptUnserved("resources/read", refusal(-32_601), all)).toBeUndefined();
  expect(acceptUnserved("constructor" as Method, refusal(-32_601), all)).toBeUndefined();
});
