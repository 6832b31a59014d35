import type { Era } from "@tenantry/core";

/** What two users go through together. */
export type IsolationScenarioName =
  | "sequential"
  | "same-tick"
  | "refresh"
  | "rotation"
  | "list_changed"
  | "reconnect"
  | "cancel"
  | "error"
  | "eviction";

/** How something of one user met another. */
export type CrossingKind =
  /** A call arrived with another user's key. */
  | "key"
  /** A user's key was used on another's session. */
  | "session"
  /** A user got the answer to another's call. */
  | "answer"
  /** A user was shown another's tool, or what one was listed as to another, or told of a change of another's list. */
  | "list"
  /** What a user was told, such as why a call failed, names another user or shows another's key. */
  | "text"
  /** A call of one user ended because another gave up theirs. */
  | "cancel"
  /** A user without a key was served. */
  | "keyless"
  /** A user was failed while only another was in trouble. */
  | "trouble";

/** Something of one user that met another. */
export interface Crossing {
  readonly kind: CrossingKind;
  /** A sentence that names the users; it never holds a key. */
  readonly detail: string;
}

/** What came of one scenario in one era. */
export interface IsolationResult {
  readonly scenario: IsolationScenarioName;
  readonly era: Era;
  /** `green`: what the scenario is about happened, and nothing crossed. `not applicable`: it did not happen, for `reason`. */
  readonly verdict: "green" | "red" | "not applicable";
  /** Why there is nothing to say; absent otherwise. */
  readonly reason?: string;
  /** Everything that crossed; the verdict is `red` where there is any. */
  readonly crossings: readonly Crossing[];
}

/** What came of all scenarios. It is plain data. */
export interface IsolationReport {
  readonly subject: string;
  readonly results: readonly IsolationResult[];
}
