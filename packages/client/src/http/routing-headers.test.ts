import { expect, test as it } from "vitest";
import { RoutingHeaders, routingValue } from "./routing-headers.ts";

it("writes a routing value in base64 only where it must", () => {
  expect(["a b", "", " a", "a\nb", "ä"].map(routingValue)).toEqual([
    "a b",
    "=?base64??=",
    "=?base64?IGE=?=",
    "=?base64?YQpi?=",
    "=?base64?w6Q=?=",
  ]);
});

it("gives the same headers for the same request, and as many as there are names", () => {
  const headers = new RoutingHeaders();
  const first = headers.of("tools/call", { name: "a" });
  expect(headers.of("tools/call", { name: "a" })).toBe(first);
  expect(first).toMatchObject({ "mcp-method": "tools/call", "mcp-name": "a" });
  expect(headers.of("resources/read", { uri: "a", name: "b" })).toMatchObject({ "mcp-name": "a" });
  expect(headers.of("prompts/get", { name: "tools/call a" })["mcp-name"]).toBe("tools/call a");
  expect(headers.of("tools/list", { name: "a" })).not.toHaveProperty("mcp-name");
  for (let at = 0; at < 2_000; at++) headers.of("tools/call", { name: `tool-${at}` });
  expect(headers.of("tools/call", { name: "a" })).toEqual(first);
});

it("does not take a method for another one with a name", () => {
  const headers = new RoutingHeaders();
  headers.of("tools/call a", undefined);
  expect(headers.of("tools/call", { name: "a" })).toMatchObject({
    "mcp-method": "tools/call",
    "mcp-name": "a",
  });
});
