import { fillLimits, TenantryError, type ErrorCode } from "@tenantry/core";

/** The bounds of one router. */
export interface RouterLimits {
  /** How long one server may take to list its tools, connecting included, in milliseconds. Defaults to 30,000. */
  readonly listTimeoutMs: number;
  /** How long a call may take where neither it nor its definition says so, in milliseconds. Defaults to 60,000. */
  readonly callTimeoutMs: number;
  /**
   * How long a server's list is good where the server does not say, in milliseconds. An older one is given at once, and
   * asked for anew meanwhile. Defaults to 300,000 (five minutes).
   */
  readonly listTtlMs: number;
  /** Of how many users, or other scopes, lists are kept in memory; the ones that were not asked for lately go. Defaults to 10,000. */
  readonly maxCatalogs: number;
  /** How large all different lists in memory may be together, counted as in `maxListSize`. Defaults to 268,435,456. */
  readonly maxCatalogSize: number;
  /** How long a list that nobody asks for is kept in the store, in milliseconds. Defaults to 604,800,000 (seven days). */
  readonly listKeepMs: number;
  /** How many pages one server's list may have. Defaults to 64. */
  readonly maxPages: number;
  /** How many tools one server may list, and how many prompts, resources and templates. Defaults to 10,000. */
  readonly maxTools: number;
  /** How large one server's whole list may be: its characters, and 16 for each value. Defaults to 16,777,216. */
  readonly maxListSize: number;
  /** How deeply the arguments of a call may be nested. Defaults to 64. */
  readonly maxArgumentDepth: number;
  /** How large the arguments of a call may be: their characters, and one for each value. Defaults to 16,777,216. */
  readonly maxArgumentSize: number;
  /** How many servers the store may have for one workspace. Defaults to 1,000. */
  readonly maxServers: number;
  /** How many workspaces are kept in memory; one that was not used lately is read again. Defaults to 10,000. */
  readonly maxWorkspacesKept: number;
  /** For how long a changed route is taken back by itself where it fails, in milliseconds. Defaults to 600,000. */
  readonly cutOverMs: number;
  /** How many failures take it back, where they are half or more of the last outcomes. Defaults to 5. */
  readonly rollBackFailures: number;
  /** Within how long they come, in milliseconds. Defaults to 30,000. */
  readonly rollBackWithinMs: number;
}

/** The defaults of {@link RouterLimits}. */
export const defaultRouterLimits: RouterLimits = Object.freeze({
  listTimeoutMs: 30_000,
  callTimeoutMs: 60_000,
  listTtlMs: 300_000,
  listKeepMs: 604_800_000,
  maxCatalogs: 10_000,
  maxCatalogSize: 268_435_456,
  maxPages: 64,
  maxTools: 10_000,
  maxListSize: 16_777_216,
  maxArgumentDepth: 64,
  maxArgumentSize: 16_777_216,
  maxServers: 1_000,
  maxWorkspacesKept: 10_000,
  cutOverMs: 600_000,
  rollBackFailures: 5,
  rollBackWithinMs: 30_000,
});

const maxTimeoutMs = 86_400_000;

/** Fills in the defaults; throws `CONFIG_INVALID` for an unknown name or a value that is not a positive whole number. */
export function routerLimits(given?: Partial<RouterLimits>): RouterLimits {
  return fillLimits(given, defaultRouterLimits);
}

/** Checks a duration in milliseconds; throws `code` unless it is more than nothing and at most a day. */
export function checkTimeout(
  timeoutMs: number,
  name = "timeoutMs",
  code: ErrorCode = "ARGUMENT_INVALID",
): number {
  if (typeof timeoutMs === "number" && timeoutMs > 0 && timeoutMs <= maxTimeoutMs) return timeoutMs;
  throw new TenantryError(
    code,
    `${name} must be a number of milliseconds above 0 and at most 86,400,000 (a day).`,
  );
}
