import { announce, type DiagnosticNotices, type Target } from "@tenantry/core";
import type { BreakEvent } from "./trouble/trouble.ts";

/** Why a connection or a session was ended. */
export type EvictReason = DiagnosticNotices["tenantry:pool:evict"]["reason"];

/** What is told of; the notice is only made where somebody hears it. */
export type Noticed = Pick<Target, "scope" | "server">;

/** Tells that a connection was reduced to its session. */
export function announcePark({ scope, server }: Noticed): void {
  announce("tenantry:pool:park", () => ({ scope, server: server.id }));
}

/** Tells that a connection or a session was ended, though its host has not closed the pool. */
export function announceEvict({ scope, server }: Noticed, reason: EvictReason): void {
  announce("tenantry:pool:evict", () => ({ scope, server: server.id, reason }));
}

/** Tells that a connection goes on with another generation of its credential. */
export function announceRotate({ scope, server }: Noticed): void {
  announce("tenantry:pool:rotate", () => ({ scope, server: server.id }));
}

/** Tells that calls will be refused. */
export function announceBreak({ server, principal, scope: kind, delayMs, last }: BreakEvent): void {
  const whose = principal === undefined ? {} : { principal };
  announce("tenantry:pool:break", () => ({ server, ...whose, kind, delayMs, last }));
}
