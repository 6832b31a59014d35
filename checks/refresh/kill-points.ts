import { givesLease, takesLease, writesGrant, writesIntent, type Stop } from "./tap.ts";

/** Where a process is killed, and what that may cost. */
export interface KillPoint {
  readonly name: string;
  readonly moment: Moment;
  /** How many token requests a round makes. */
  readonly tokenRequests: { readonly least: number; readonly most: number };
  /** Whether the person may have to grant again, because nobody can know whether the refresh token was used. */
  readonly mayLoseGrant: boolean;
  /** Whether all processes are new, so that none of them knows the servers' metadata. */
  readonly isCold?: true;
}

/** What a process is doing when it is killed. */
export type Moment =
  /** Something that it says to its database, or hears of it. */
  | { readonly kind: "database"; readonly stop: Omit<Stop, "claim"> }
  /** A request is under way: the authorization server has not looked at it yet, or it has and holds its answer. */
  | { readonly kind: "issuer"; readonly endpoint: "metadata" | "token"; readonly isDone: boolean }
  /** Whatever it happens to be. */
  | { readonly kind: "random" }
  /** Nobody is killed. */
  | { readonly kind: "none" };

const one = Object.freeze({ least: 1, most: 1 });
const none = Object.freeze({ least: 0, most: 0 });
const commit = /\bcommit\b/iu;

/** Nobody is killed: what the four processes owe each other anyway. */
export const unharmed: KillPoint = Object.freeze({
  name: "nobody is killed",
  moment: Object.freeze({ kind: "none" } as const),
  tokenRequests: one,
  mayLoseGrant: false,
});

/** The moments of a refresh, in their order, and any moment at all. */
export const killPoints: readonly KillPoint[] = Object.freeze([
  {
    name: "before the lease",
    moment: { kind: "database", stop: { says: takesLease, holds: "statement" } },
    tokenRequests: one,
    mayLoseGrant: false,
  },
  {
    name: "after the lease",
    moment: {
      kind: "database",
      stop: { says: takesLease, hears: givesLease, thenSays: commit, holds: "answer" },
    },
    tokenRequests: one,
    mayLoseGrant: false,
  },
  {
    name: "asking for metadata",
    moment: { kind: "issuer", endpoint: "metadata", isDone: false },
    tokenRequests: one,
    mayLoseGrant: false,
    isCold: true,
  },
  {
    name: "before the intent",
    moment: { kind: "database", stop: { says: writesIntent, holds: "statement" } },
    tokenRequests: one,
    mayLoseGrant: false,
  },
  {
    name: "after the intent",
    moment: { kind: "database", stop: { says: writesIntent, thenSays: commit, holds: "answer" } },
    tokenRequests: none,
    mayLoseGrant: true,
  },
  {
    name: "request sent, not looked at",
    moment: { kind: "issuer", endpoint: "token", isDone: false },
    tokenRequests: one,
    mayLoseGrant: true,
  },
  {
    name: "request done, answer held",
    moment: { kind: "issuer", endpoint: "token", isDone: true },
    tokenRequests: one,
    mayLoseGrant: true,
  },
  {
    name: "answered, before the commit",
    moment: { kind: "database", stop: { says: writesGrant, thenSays: commit, holds: "statement" } },
    tokenRequests: one,
    mayLoseGrant: true,
  },
  {
    name: "after the commit",
    moment: { kind: "database", stop: { says: writesGrant, thenSays: commit, holds: "answer" } },
    tokenRequests: one,
    mayLoseGrant: false,
  },
  {
    name: "at a random moment",
    moment: { kind: "random" },
    tokenRequests: { least: 0, most: 1 },
    mayLoseGrant: true,
  },
]);
