import { test as it, expect } from "vitest";
import { parseRetryAfter } from "./retry-after.ts";

const now = Date.UTC(2026, 0, 1);

it.for([
  ["0", 0],
  ["30", 30_000],
  [" 30 ", 30_000],
  ["999999999999999", 60_000],
  ["Thu, 01 Jan 2026 00:00:20 GMT", 20_000],
  ["Thursday, 01-Jan-26 00:00:20 GMT", 20_000],
  ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
  ["-5", undefined],
  ["1.5", undefined],
  ["soon", undefined],
  ["", undefined],
  [undefined, undefined],
] as const)("reads %s as %s ms", ([header, expected]) => {
  expect(parseRetryAfter(header, now, 60_000)).toBe(expected);
});
