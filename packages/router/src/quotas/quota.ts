import type { Glob } from "../policy/glob.ts";

/** What is counted apart. */
export type QuotaPart = "user" | "server" | "tool";

/** How often, and how often at the same time, tools may be called within one workspace. */
export interface Quota {
  /**
   * What is counted apart: `["user"]` gives each user a count of their own, `["user", "tool"]` one for each tool. A tool's
   * server counts along with it. Defaults to nothing: one count for the whole workspace.
   */
  readonly per?: readonly QuotaPart[] | undefined;
  /** The servers whose calls count; defaults to all. */
  readonly server?: Glob | readonly Glob[] | undefined;
  /** The tools whose calls count, by their servers' own names; defaults to all. */
  readonly tool?: Glob | readonly Glob[] | undefined;
  /** How many calls may begin in one window; defaults to any number. */
  readonly calls?: number | undefined;
  /** How long a window is, in milliseconds, from its first call on: at most a day. Defaults to 60,000. */
  readonly windowMs?: number | undefined;
  /** How many calls may be under way at the same time in this process; defaults to any number. */
  readonly concurrent?: number | undefined;
  /**
   * Whether the calls of all processes count together, in the store. While it cannot be reached, each process counts its
   * own. Defaults to `false`.
   */
  readonly shared?: boolean | undefined;
}
