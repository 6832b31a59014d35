import { TenantryError, type ErrorCode, type ErrorDetails } from "@tenantry/core";
import { expect, it } from "vitest";
import { authorizationVerdict, transportVerdict } from "./verdict.ts";

/** What a failure says of the way to the server and of the credential, while opening and while calling. */
function verdicts(code: ErrorCode, details: ErrorDetails = {}) {
  const failure = new TenantryError(code, "no", details);
  const phases = ["opening", "calling"] as const;
  return [
    ...phases.map((phase) => transportVerdict(failure, phase)),
    ...phases.map((phase) => authorizationVerdict(failure, phase)),
  ];
}

const lost = new TenantryError("CONNECTION_LOST", "no", { delivery: "unknown" });

it.each<[ErrorCode, ErrorDetails, opening: string, calling: string]>([
  ["CONNECT_FAILED", {}, "broken", "broken"],
  ["CONNECTION_LOST", { delivery: "unknown" }, "broken", "broken"],
  ["CONNECTION_LOST", { delivery: "unknown", status: 200 }, "broken", "broken"],
  ["SPAWN_FAILED", {}, "broken", "broken"],
  ["SERVER_UNAVAILABLE", { status: 500, delivery: "unknown" }, "broken", "broken"],
  ["SERVER_UNAVAILABLE", { status: 503, delivery: "unknown", retryAfterMs: 1 }, "broken", "broken"],
  ["SERVER_UNAVAILABLE", {}, "broken", "broken"],
  ["HANDSHAKE_FAILED", { delivery: "refused" }, "broken", "unclear"],
  ["TIMEOUT", {}, "broken", "unclear"],
  ["DELIVERY_UNKNOWN", { cause: lost, delivery: "unknown" }, "broken", "broken"],
  ["DELIVERY_UNKNOWN", { delivery: "unknown" }, "unclear", "unclear"],
  ["SERVER_UNAVAILABLE", { status: 429, delivery: "unknown", retryAfterMs: 1 }, "works", "works"],
  ["SERVER_UNAVAILABLE", { delivery: "answered" }, "works", "works"],
  ["HANDSHAKE_FAILED", { status: 404 }, "works", "works"],
  ["UNAUTHORIZED", { status: 401, delivery: "refused" }, "works", "works"],
  ["UNAUTHORIZED", { status: 403, delivery: "refused" }, "works", "works"],
  ["SESSION_LOST", { status: 404, delivery: "refused" }, "works", "works"],
  ["SERVER_ERROR", { delivery: "answered" }, "works", "works"],
  ["PROTOCOL_VIOLATION", { delivery: "answered" }, "works", "works"],
  ["LIMIT_EXCEEDED", { delivery: "unknown" }, "unclear", "unclear"],
  ["CREDENTIAL_FAILED", {}, "unclear", "unclear"],
  ["POOL_EXHAUSTED", {}, "unclear", "unclear"],
  ["CLOSED", {}, "unclear", "unclear"],
])("%s %o says of the way: %s while opening, %s while calling", (code, details, opening, calling) => {
  expect(verdicts(code, details).slice(0, 2)).toEqual([opening, calling]);
});

it.each<[ErrorCode, ErrorDetails, opening: string, calling: string]>([
  ["UNAUTHORIZED", { status: 401, delivery: "refused" }, "broken", "broken"],
  ["UNAUTHORIZED", { delivery: "refused" }, "broken", "broken"],
  ["UNAUTHORIZED", { status: 403, delivery: "refused" }, "broken", "unclear"],
  ["AUTHORIZATION_REQUIRED", {}, "broken", "broken"],
  ["SERVER_ERROR", { delivery: "answered" }, "unclear", "works"],
  ["SESSION_LOST", { status: 404, delivery: "refused" }, "unclear", "unclear"],
  ["CONNECT_FAILED", {}, "unclear", "unclear"],
])("%s %o says of the credential: %s while opening, %s while calling", (code, details, opening, calling) => {
  expect(verdicts(code, details).slice(2)).toEqual([opening, calling]);
});
