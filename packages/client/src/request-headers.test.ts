import { secret, type Origin } from "@tenantry/core";
import { test as it, expect } from "vitest";
import { redact, routingValue, spokenSecrets } from "./request-headers.ts";

it("leaves no end of a secret of which another is the beginning", () => {
  expect(redact("a s3cret-key-longer b", ["s3cret-key", "s3cret-key-longer"])).toBe("a [redacted] b");
});

it("hides whole values, their parts and a Basic password, but no word that is too short to be one", () => {
  const headers = { authorization: secret(`Basic ${btoa("ada:pass:word")}`), "x-key": secret("short") };
  const spoken = spokenSecrets({ origins: ["https://a.example" as Origin], headers });
  expect(spoken).toEqual([
    `Basic ${btoa("ada:pass:word")}`,
    btoa("ada:pass:word"),
    "ada",
    "pass:word",
    "short",
  ]);
  expect(redact("Basic pass:word short", spoken)).toBe("Basic [redacted] short");
});

it("writes a routing value in base64 only where it must", () => {
  expect(["a b", "", " a", "a\nb", "ä"].map(routingValue)).toEqual([
    "a b",
    "=?base64??=",
    "=?base64?IGE=?=",
    "=?base64?YQpi?=",
    "=?base64?w6Q=?=",
  ]);
});
