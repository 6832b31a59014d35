import { TenantryError, type ErrorDetails } from "@tenantry/core";
import type { Seat } from "../cast.ts";

/** What becomes of one attempt of a call. */
export type Verdict =
  | "answer"
  | "session lost"
  | "connection lost"
  | "refused"
  | "answer lost"
  | "unavailable"
  | "held back"
  | "bug";

/** A failure, and what the table in the package's README allows after it. */
export interface Failure {
  readonly error: Error;
  /** Whether the work may run again where only what was surely refused may be sent again, and where it is safe. */
  readonly again: Readonly<Record<"refused" | "safe", boolean>>;
  readonly recover: ErrorDetails["recover"];
  readonly says: "way is broken" | "credential is refused" | "nothing";
  readonly holdMs: number;
}

const never = Object.freeze({ refused: false, safe: false });
const always = Object.freeze({ refused: true, safe: true });
const whereSafe = Object.freeze({ refused: false, safe: true });

/** Makes the failure that a verdict stands for; `undefined` for an answer. */
export function failureOf(verdict: Verdict, { server }: Seat): Failure | undefined {
  const typed = (code: TenantryError["code"], details: ErrorDetails) =>
    new TenantryError(code, "It is to be so.", { server: server.id, ...details });
  const nothing = { recover: undefined, says: "nothing", holdMs: 0, again: never } as const;
  const broken = { ...nothing, says: "way is broken" } as const;
  switch (verdict) {
    case "answer":
      return undefined;
    case "session lost": {
      const error = typed("SESSION_LOST", { delivery: "refused", recover: "reconnect" });
      return { ...nothing, error, recover: "reconnect", again: always };
    }
    case "connection lost": {
      const error = typed("CONNECTION_LOST", { delivery: "unknown", recover: "reconnect" });
      return { ...broken, error, recover: "reconnect", again: whereSafe };
    }
    case "refused": {
      const error = typed("UNAUTHORIZED", { delivery: "refused", recover: "reauthorize" });
      return { ...nothing, error, recover: "reauthorize", again: always, says: "credential is refused" };
    }
    case "answer lost":
      return { ...nothing, error: typed("DELIVERY_UNKNOWN", { delivery: "unknown" }), again: whereSafe };
    case "unavailable":
      return { ...broken, error: typed("SERVER_UNAVAILABLE", { delivery: "refused", retryable: true }) };
    case "held back": {
      const details = { delivery: "refused", retryable: true, retryAfterMs: 60 } as const;
      return { ...broken, error: typed("SERVER_UNAVAILABLE", details), holdMs: 60 };
    }
    case "bug":
      return { ...nothing, error: new Error("A bug in the caller's own work.") };
  }
}

/** What becomes of an opening that fails. */
export type Refusal = "unreachable" | "refused" | "busy";

/** Makes the failure of an opening. */
export function refusalOf(refusal: Refusal, seat: Seat): Failure {
  const typed = (code: TenantryError["code"], details: ErrorDetails) =>
    new TenantryError(code, "It is to be so.", { server: seat.server.id, ...details });
  const facts = { recover: undefined, again: never, holdMs: 0 } as const;
  switch (refusal) {
    case "unreachable":
      return { ...facts, error: typed("CONNECT_FAILED", { retryable: true }), says: "way is broken" };
    case "refused": {
      const error = typed("UNAUTHORIZED", { delivery: "refused", recover: "reauthorize" });
      return { ...facts, error, says: "credential is refused" };
    }
    case "busy": {
      const error = typed("SERVER_UNAVAILABLE", { delivery: "refused", retryAfterMs: 60 });
      return { ...facts, error, says: "way is broken", holdMs: 60 };
    }
  }
}
