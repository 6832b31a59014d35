import type {
  ApprovalMode,
  ApprovalModes,
  GivenInterceptor,
  GuardOptions,
  Policy,
  Quota,
} from "@tenantry/router";

/** What stands between users and servers. */
export interface GuardedOptions {
  /** Who may see and use what; defaults to everybody everything. Of several policies every one has to allow it. */
  readonly policy?: Policy | undefined;
  /**
   * What has to be approved before it is used: nothing (`off`, the default), what differs from how it was when it was first
   * seen (`trust-on-first-use`), or everything (`review`).
   */
  readonly approvals?: ApprovalMode | ApprovalModes | undefined;
  /** How often tools may be called; defaults to any number. */
  readonly quotas?: readonly Quota[] | undefined;
  /** What wraps calls, the first outermost: `audit()`, `confirm()`, `redact()` or functions. Defaults to nothing. */
  readonly interceptors?: readonly GivenInterceptor[] | undefined;
}

/** The names of {@link GuardedOptions}. */
export const guarding = ["policy", "approvals", "quotas", "interceptors"] as const;

/** The guards that options have, for the router to check; `undefined` where there are none. `at` is where they stand. */
export function guardsIn(options: GuardedOptions, at?: string): GuardOptions | undefined {
  const given = guarding.filter((name) => options[name] !== undefined);
  if (given.length === 0) return undefined;
  const own: GuardOptions = Object.fromEntries(given.map((name) => [name, options[name]]));
  return Object.freeze({ ...own, at });
}
