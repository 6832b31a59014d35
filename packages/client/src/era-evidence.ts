import { TenantryError, type RpcError } from "@tenantry/core";
import { isObject } from "./inbox.ts";

/** The codes that only the modern era has (MCP 2026-07-28, reserved range). */
const unsupportedVersion = -32_022;
const isReserved = (code: number) => code <= -32_020 && code >= -32_099;
const methodNotFound = -32_601;

/**
 * Whether the answer to `server/discover` means a legacy server. A refused credential, trouble at the server and a
 * lost connection say nothing about its era, and neither does an error that only a modern server knows.
 */
export function meansLegacy(failure: unknown): boolean {
  if (!(failure instanceof TenantryError)) return false;
  // A success that says nothing usable: unreadable, or a stream without an answer.
  if (failure.code === "PROTOCOL_VIOLATION") return true;
  if (failure.code === "CONNECTION_LOST") return failure.status !== undefined;
  if (failure.code !== "SERVER_ERROR") return false;
  const { rpc } = failure;
  if (rpc === undefined || !isReserved(rpc.code)) return true;
  return rpc.code === unsupportedVersion && !offersModern(rpc);
}

/** Whether the answer to `initialize` means a server without a legacy era. */
export function meansModern(failure: unknown): boolean {
  if (!(failure instanceof TenantryError) || failure.code !== "SERVER_ERROR") return false;
  return failure.rpc?.code === unsupportedVersion || failure.rpc?.code === methodNotFound;
}

/** Whether a request on an open connection was refused because it speaks the wrong era. */
export function meansWrongEra(failure: unknown, era: "legacy" | "modern"): boolean {
  if (!(failure instanceof TenantryError) || failure.code !== "SERVER_ERROR") return false;
  if (failure.rpc?.code === unsupportedVersion) return true;
  // Refused by HTTP itself: a modern server gives its reasons under the request's own id, and with its own codes.
  const refused = [400, 404, 405].includes(failure.status ?? 0);
  return era === "modern" && refused && (failure.rpc === undefined || !isReserved(failure.rpc.code));
}

/** The error for a connection whose era was wrong; the verdict is gone, so that opening another asks anew. */
export function wrongEra(cause: unknown): TenantryError {
  const message =
    "The server no longer speaks the protocol era it spoke before; open a new connection and send again.";
  return new TenantryError("HANDSHAKE_FAILED", message, { cause, delivery: "refused", recover: "reconnect" });
}

/** An absent or unreadable list is taken for a legacy server's: that is what some of them answer. */
function offersModern({ data }: RpcError): boolean {
  const supported = isObject(data) ? data.supported : undefined;
  return (
    Array.isArray(supported) && supported.some((version) => typeof version === "string" && version >= "2026")
  );
}
