import { diceOf, type Dice } from "./dice.ts";
import { workspaces, type Person, type Workspace } from "./people.ts";

/** The servers that every workspace has, by their ids. */
export const serverIds = Object.freeze(["ledger", "search", "notes"] as const);

/** One of the {@link serverIds}. */
export type ServerName = (typeof serverIds)[number];

/** One thing that somebody does. */
export interface Step extends Person {
  readonly workspace: Workspace;
  /** Names this step and no other. */
  readonly nonce: string;
  /** Which of the user's conversations it belongs to; `""` where it belongs to none. */
  readonly conversation: string;
  readonly verb: "call" | "list";
  readonly server: ServerName;
  readonly tool: "read" | "write";
  /** Whether the tool is called by its catalog name, for which a list may have to be read. */
  readonly byName: boolean;
  readonly idempotent: boolean;
  /** When its caller gives it up, in milliseconds after it began; `"before"` is before that, `undefined` never. */
  readonly abort: "before" | number | undefined;
  /** Whether the user is given a new client object. */
  readonly renews: boolean;
  /** Whether the user's token is changed first. */
  readonly rotates: boolean;
  /** Whether it goes out with the token before the last one. */
  readonly lags: boolean;
  /** How long its lane rests first, in milliseconds. */
  readonly restMs: number;
}

/** What a plan is made from. */
export interface PlanOptions {
  readonly seed: number;
  readonly users: number;
  readonly calls: number;
}

/** The steps of a run in the order in which they begin: the same for the same options. */
export function planOf({ seed, users, calls }: PlanOptions): readonly Step[] {
  const dice = diceOf(seed, "plan");
  const recent: Person[] = [];
  return Array.from({ length: calls }, (_, index) => {
    // Whoever was here a moment ago is likely to be here again, so that the calls of one user meet each other.
    const person = recent.length > 0 && dice.chance(0.6) ? dice.pick(recent) : personAt(dice.below(users));
    recent[index % crowd] = person;
    return stepOf(dice, person as Person & { workspace: Workspace }, `n${index}`);
  });
}

const crowd = 24;

function personAt(index: number): Person {
  const workspace = workspaces[index % workspaces.length] as Workspace;
  return { workspace, user: `user-${Math.floor(index / workspaces.length)}` };
}

function stepOf(dice: Dice, { workspace, user }: Person & { workspace: Workspace }, nonce: string): Step {
  return {
    ...{ workspace, user, nonce },
    conversation: dice.pick(["", "", "morning", "evening"]),
    verb: dice.chance(0.1) ? "list" : "call",
    server: dice.pick(serverIds),
    tool: dice.chance(0.6) ? "write" : "read",
    byName: dice.chance(0.3),
    idempotent: dice.chance(0.15),
    abort: dice.chance(0.02) ? "before" : dice.chance(0.06) ? dice.below(60) : undefined,
    renews: dice.chance(0.2),
    rotates: dice.chance(0.02),
    lags: dice.chance(0.05),
    restMs: dice.chance(0.1) ? dice.below(40) : 0,
  };
}
