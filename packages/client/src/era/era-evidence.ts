import { TenantryError, type Era, type RpcError } from "@tenantry/core";
import { modernVersion } from "../envelope.ts";
import { isObject } from "../message.ts";

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
  return rpc.code === unsupportedVersion && !offersAnyModern(rpc);
}

/** Whether the answer to `initialize` means a server without a legacy era. */
export function meansModern(failure: unknown): boolean {
  if (!(failure instanceof TenantryError) || failure.code !== "SERVER_ERROR") return false;
  return failure.rpc?.code === unsupportedVersion || failure.rpc?.code === methodNotFound;
}

/** Whether what came of `initialize` leaves open that the server is no legacy one: an answer, but not an agreement. */
export function doubtsLegacy(failure: unknown): boolean {
  if (!(failure instanceof TenantryError)) return false;
  return failure.code === "SERVER_ERROR" || failure.code === "PROTOCOL_VIOLATION";
}

/**
 * Whether a request was turned away unread because of the revision that it speaks; only that is certain. A modern one may
 * be refused by a server that offers its revision all the same, and then it is the refusal that is wrong.
 */
export function refusesVersion({ rpc }: TenantryError, era: Era): boolean {
  return rpc?.code === unsupportedVersion && (era === "legacy" || !offersModern(rpc));
}

/**
 * Whether HTTP itself refused a modern request. A modern server gives its reasons under the request's own id, and with
 * its own codes; but so may anything that stands before it, and after the request has done its work.
 */
export function isBareRefusal({ status, rpc }: TenantryError): boolean {
  return [400, 404, 405].includes(status ?? 0) && (rpc === undefined || !isReserved(rpc.code));
}

/** Whether a list, which needs no more than a server of its era, was answered as requests of another era are. */
export function isUnknownRequest(method: string, { rpc }: TenantryError): boolean {
  return method.endsWith("/list") && [-32_000, -32_600, methodNotFound, -32_602].includes(rpc?.code ?? 0);
}

/** The error for a connection whose era was wrong; the verdict is gone, so that opening another asks anew. */
export function wrongEra(cause: unknown): TenantryError {
  const message = "The server no longer speaks the protocol era it spoke before; call again.";
  return new TenantryError("HANDSHAKE_FAILED", message, { cause, delivery: "refused", recover: "reconnect" });
}

/** Whether a request was refused for its revision by a server that offers the very one that it was made in. */
export function offersModern(rpc: RpcError): boolean {
  return rpc.code === unsupportedVersion && offered(rpc).includes(modernVersion);
}

/** An absent or unreadable list is taken for a legacy server's: that is what some of them answer. */
function offersAnyModern(rpc: RpcError): boolean {
  return offered(rpc).some((version) => typeof version === "string" && version >= "2026");
}

function offered({ data }: RpcError): readonly unknown[] {
  const supported = isObject(data) ? data.supported : undefined;
  return Array.isArray(supported) ? supported : [];
}
