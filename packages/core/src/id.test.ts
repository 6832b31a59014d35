import { describe, expect, test } from "vitest";
import { originOf, serverId, sessionId, userId, workspaceId } from "./index.ts";

const checks = [
  ["workspace", workspaceId, "PRINCIPAL_INVALID", 256],
  ["user", userId, "PRINCIPAL_INVALID", 256],
  ["session", sessionId, "PRINCIPAL_INVALID", 256],
  ["server id", serverId, "DEFINITION_INVALID", 128],
] as const;

describe.for(checks)("the %s", ([what, check, code, most]) => {
  test("is any text, unchanged", () => {
    const texts = ["ada", "a/b:c__d", " x ", "你好", "\u{1f600}", "..", "__proto__", "x".repeat(most)];
    for (const text of texts) expect(check(text)).toBe(text);
  });

  test.for(["", " ", "\t\n", "\u00a0"])("is not blank, such as %j", (text) => {
    expect(() => check(text)).toThrow(expect.objectContaining({ code, retryable: false }));
    expect(() => check(text)).toThrow(`The ${what} is blank`);
  });

  test("has a longest length", () => {
    expect(() => check("x".repeat(most + 1))).toThrow(
      `[${code}] The ${what} has ${most + 1} characters; ${most} is the most.`,
    );
  });

  test.for(["\ud800", "a\udc00b", "\udc00\ud800"])("is well-formed Unicode, unlike %j", (text) => {
    expect(() => check(text)).toThrow(expect.objectContaining({ code }));
  });

  test.for([undefined, null, 7, true, {}, ["ada"], Symbol("ada"), Object("ada")])("is no %o", (value) => {
    expect(() => check(value)).toThrow(expect.objectContaining({ code }));
  });
});

test.for(["a\nb", "a\u0000", "\u001b[31m", "a\u007f", "a\u0085b", "a\u009fb"])(
  "a server id has no control character, unlike %j",
  (text) => {
    expect(() => serverId(text)).toThrow(expect.objectContaining({ code: "DEFINITION_INVALID" }));
  },
);

describe("an origin", () => {
  test.for([
    ["https://api.x.com/mcp?q#f", "https://api.x.com"],
    ["https://api.x.com:443/", "https://api.x.com"],
    ["http://api.x.com:80", "http://api.x.com"],
    ["https://API.X.COM/", "https://api.x.com"],
    ["https://api.x.com:8443/", "https://api.x.com:8443"],
    ["https://api.x.com./", "https://api.x.com."],
    ["https://bücher.example/", "https://xn--bcher-kva.example"],
    ["https://api.x.com@evil.com/", "https://evil.com"],
    ["http://[::1]:3000/", "http://[::1]:3000"],
  ] as const)("of %s is %s", ([url, origin]) => {
    expect(originOf(url)).toBe(origin);
    expect(originOf(new URL(url))).toBe(origin);
    expect(originOf(origin)).toBe(origin);
  });

  test.for([
    "",
    "api.x.com",
    "file:///etc/passwd",
    "data:,x",
    "javascript:1",
    "blob:https://x.com/1",
    "ws://x.com",
    "null",
    "http://",
  ])("does not exist for %j", (url) => {
    expect(() => originOf(url)).toThrow(expect.objectContaining({ code: "DEFINITION_INVALID" }));
  });

  test("shows no password where it fails", () => {
    expect(() => originOf("ftp://ada:s3cret@x.com")).toThrow(/^(?!.*s3cret)/u);
  });
});
