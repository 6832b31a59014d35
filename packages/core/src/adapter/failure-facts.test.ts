import { expect, it } from "vitest";
import { TenantryError } from "../error.ts";
import { serverId } from "../id.ts";
import { failureFacts } from "./failure-facts.ts";

it("gives what a host can show, as JSON, and nothing of what a server or a cause said", () => {
  const error = new TenantryError("AUTHORIZATION_REQUIRED", "Send Ada there.", {
    server: serverId("mail"),
    slot: "oauth",
    authorizationUrl: new URL("https://issuer.example/authorize?state=1"),
    cause: new Error("secret"),
    rpc: { code: 1, message: "secret" },
    challenge: { scheme: "Bearer", parameters: { secret: "secret" } },
  });
  const facts = failureFacts(error);
  expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
  expect(facts).toEqual({
    code: "AUTHORIZATION_REQUIRED",
    message: "[AUTHORIZATION_REQUIRED] Send Ada there.",
    retryable: false,
    server: "mail",
    slot: "oauth",
    authorizationUrl: "https://issuer.example/authorize?state=1",
  });
});

it("says when to come back", () => {
  const error = new TenantryError("RATE_LIMITED", "Wait.", { retryable: true, retryAfterMs: 5 });
  expect(failureFacts(error)).toEqual({
    code: "RATE_LIMITED",
    message: "[RATE_LIMITED] Wait.",
    retryable: true,
    retryAfterMs: 5,
  });
});
