import { createHash } from "node:crypto";
import { scopeParts, type Route, type Scope, type ServerId } from "@tenantry/core";

/** Where a call goes, and where it goes instead if it surely was not run there. */
export interface Choice {
  readonly first: string;
  readonly fallback?: string;
}

/** Which upstream a route leads somebody to who stands at `position`, from 0 to below 1; always the same one. */
export function choose(route: Route, position: number): Choice {
  if (typeof route === "string") return { first: route };
  if ("fallback" in route) return { first: route.to, fallback: route.fallback };
  return { first: position < route.share ? route.to : route.rest };
}

/**
 * The place of whom a connection serves among all whom it could, from 0 to below 1: the same in every process and every
 * session, and another at each server, so that it is not always the same people who go first. Those who share a connection
 * share what the server knows of them, and stand in one place.
 */
export function positionOf(scope: Scope, server: ServerId): number {
  const { session: _session, ...whoever } = { session: undefined, ...scope };
  const name = JSON.stringify([server, ...scopeParts(whoever as Scope)]);
  return createHash("sha256").update(name).digest().readUIntBE(0, 6) / 2 ** 48;
}

/** How much of everything a route leads to an upstream at first, from 0 to 1. */
export function shareOf(route: Route, upstream: string): number {
  if (typeof route === "string") return route === upstream ? 1 : 0;
  if ("fallback" in route) return route.to === upstream ? 1 : 0;
  if (route.to === upstream) return route.share;
  return route.rest === upstream ? 1 - route.share : 0;
}
