import { describe, expect, test } from "vitest";
import { checkHeaders, headerName, headerValue } from "./index.ts";

describe("a header's name", () => {
  test("is given in lower case", () => {
    expect(headerName("X-Api-Key")).toBe("x-api-key");
    expect(headerName("Authorization")).toBe("authorization");
  });

  test.for(["", " ", "a b", "a:b", "a\nb", "a\0", "é", "a\u2028", "x".repeat(257)])("is not %j", (name) => {
    expect(() => headerName(name)).toThrow(expect.objectContaining({ code: "CREDENTIAL_INVALID" }));
  });

  test.for([
    "Host",
    "Content-Length",
    "Mcp-Session-Id",
    "MCP-Protocol-Version",
    "Connection",
    "Transfer-Encoding",
    "Accept",
    "last-event-id",
    "mcp-anything",
  ])("is not %s, which belongs to the protocol", (name) => {
    expect(() => headerName(name)).toThrow(/belongs to the protocol/u);
  });
});

describe("a header's value", () => {
  test.for(["", "plain", "a\tb", " a ", "é", "x".repeat(8192)])("may be %j", (text) => {
    expect(headerValue("x-a", text)).toBe(text);
  });

  test.for([
    "s3cret\r\nEvil: 1",
    "s3cret\n",
    "s3cret\0",
    "s3cret\u007f",
    "s3cret\u{1f600}",
    "s3cret\u0100",
    "s3cret".repeat(1400),
  ])("is not %j, and is not shown", (text) => {
    expect(() => headerValue("x-a", text)).toThrow(
      /^\[CREDENTIAL_INVALID\] The value of the header "x-a"(?!.*s3cret)/u,
    );
  });
});

describe("a definition's headers", () => {
  test("are given with lower-case names, frozen, and left as they are", () => {
    const given = Object.freeze({ "X-A": "1", "x-b": "2" });
    const checked = checkHeaders(given);
    expect(checked).toEqual({ "x-a": "1", "x-b": "2" });
    expect(Object.isFrozen(checked)).toBe(true);
    expect(given).toEqual({ "X-A": "1", "x-b": "2" });
  });

  test("are refused with their path, without their values", () => {
    for (const headers of [
      { "X-A": "s3cret", "x-a": "s3cret" },
      { "x-a": "s3cret\n" },
      { Host: "s3cret" },
      { "a b": "s3cret" },
    ]) {
      const path = "servers.github.headers";
      expect(() => checkHeaders(headers, path)).toThrow(
        /^\[DEFINITION_INVALID\] servers\.github\.headers\."(?!.*s3cret)/u,
      );
    }
  });
});
