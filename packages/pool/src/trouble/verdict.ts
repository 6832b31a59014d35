import { TenantryError } from "@tenantry/core";

/** What an attempt was doing when it ended: opening the connection, or calling over it. */
export type Phase = "opening" | "calling";

/** What a failure says of what is watched: that it does not work, that it does, or neither. */
export type Verdict = "broken" | "works" | "unclear";

/** What a failure says of the way to the server: whoever answers, and be it with a refusal, is there. */
export function transportVerdict(failure: TenantryError, phase: Phase): Verdict {
  const { code, delivery, status = 0 } = failure;
  if (status >= 400 && status < 500) return "works";
  switch (code) {
    case "CONNECT_FAILED":
    case "CONNECTION_LOST":
    case "SPAWN_FAILED":
      return "broken";
    case "HANDSHAKE_FAILED":
    case "TIMEOUT":
      return phase === "opening" ? "broken" : "unclear";
    case "SERVER_UNAVAILABLE":
      return delivery === "answered" ? "works" : "broken";
    case "DELIVERY_UNKNOWN":
      // That is how a tool's caller hears of a lost connection.
      return isLost(failure.cause) ? "broken" : "unclear";
    default:
      return delivery === "answered" || delivery === "refused" ? "works" : "unclear";
  }
}

/** What a failure says of the credential. A call that is forbidden (403) is no reason to refuse the others. */
export function authorizationVerdict(failure: TenantryError, phase: Phase): Verdict {
  const { code, delivery, status } = failure;
  if (code === "AUTHORIZATION_REQUIRED") return "broken";
  if (code === "UNAUTHORIZED") return phase === "calling" && status === 403 ? "unclear" : "broken";
  return phase === "calling" && delivery === "answered" ? "works" : "unclear";
}

function isLost(cause: unknown): boolean {
  return cause instanceof TenantryError && cause.code === "CONNECTION_LOST";
}
