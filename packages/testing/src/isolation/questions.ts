import { setTimeout as sleep } from "node:timers/promises";
import { answersIn, listedIn, newTool, ownTool, type WaitingCall } from "./marked-tools.ts";
import { keyless, users, type Scene, type User } from "./scene.ts";
import { shows, textOf } from "./text.ts";
import { within } from "./within.ts";

/** What became of a question: `undefined`, or why its user did not get what is theirs. */
export type Unanswered = string | undefined;

/** Asks a subject for users, and notes whatever does not belong to whoever asked. */
export class Questions {
  readonly #scene: Scene;
  #marks = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** Lists the tools of a user. */
  list(user: User): Promise<Unanswered> {
    return this.#ask(user, "list", async ({ subject }) =>
      this.#judgeList(user, await subject.listTools(user)),
    );
  }

  /** Calls a tool that answers at once. */
  call(user: User): Promise<Unanswered> {
    const mark = ++this.#marks;
    return this.#ask(user, `call ${mark}`, async ({ subject }, signal) => {
      const given = await subject.callTool(user, "answer", { asker: user, mark }, { signal });
      return this.#judgeAnswer(user, mark, given);
    });
  }

  /** Lists and calls for a user, both in the same tick. */
  async both(user: User): Promise<Unanswered> {
    return firstOf(await Promise.all([this.list(user), this.call(user)]));
  }

  /** Calls until there is an answer or the time is over; `between` runs after each failure. */
  async callUntilAnswered(user: User, between?: () => Promise<void>): Promise<Unanswered> {
    const until = Date.now() + this.#scene.timeoutMs;
    for (;;) {
      const unanswered = await this.call(user);
      if (unanswered === undefined || Date.now() >= until) return unanswered;
      await between?.();
      await sleep(retryMs);
    }
  }

  /** Calls a tool that waits; `abort` is the user leaving. */
  wait(user: User): Waiting {
    const mark = ++this.#marks;
    const leaving = new AbortController();
    const ask = this.#ask(
      user,
      `call ${mark}`,
      async ({ subject }, signal) => {
        const given = await subject.callTool(user, "wait", { asker: user, mark }, { signal });
        return this.#judgeAnswer(user, mark, given);
      },
      leaving.signal,
    );
    const abort = () => leaving.abort(new Error(`${user} left.`));
    return { atServer: this.#scene.tools.waiting(mark), unanswered: ask, abort };
  }

  /** Lists and calls for somebody who has no key; whatever is had so is noted. */
  async askWithoutKey(): Promise<void> {
    const mark = ++this.#marks;
    const list = this.#ask(keyless, "list", async ({ subject }) => {
      const list = await subject.listTools(keyless);
      if (list.length > 0) this.#scene.note("keyless", `${keyless}, who has no key, was shown tools`);
      return undefined;
    });
    const call = this.#ask(keyless, "call", async ({ subject }, signal) => {
      const given = await subject.callTool(keyless, "answer", { asker: keyless, mark }, { signal });
      for (const answer of answersIn(textOf(given)))
        this.#scene.note("keyless", `${keyless}, who has no key, was answered as ${answer.user}`);
      this.#scene.judgeText(keyless, given);
      return undefined;
    });
    await Promise.all([list, call]);
  }

  /** What comes too late is still judged, though nobody waits for it. */
  async #ask(
    user: string,
    what: string,
    work: (scene: Scene, signal: AbortSignal) => Promise<Unanswered>,
    leaving?: AbortSignal,
  ): Promise<Unanswered> {
    const scene = this.#scene;
    const late = new AbortController();
    const signal = leaving ? AbortSignal.any([leaving, late.signal]) : late.signal;
    const asked = work(scene, signal).catch((failure: unknown) => {
      scene.judgeText(user, failure);
      return `the ${what} of ${user} failed: ${scene.describe(failure)}`;
    });
    const tooLate = `the ${what} of ${user} had not ended after ${scene.timeoutMs} ms`;
    const unanswered = await within(scene.timeoutMs, asked, tooLate);
    late.abort(new Error("Nobody waits for it any more."));
    return unanswered;
  }

  #judgeAnswer(user: User, mark: number, given: unknown): Unanswered {
    const answers = answersIn(textOf(given));
    this.#scene.judgeText(user, given);
    for (const answer of answers) {
      if (answer.user !== user)
        this.#scene.note("answer", `a call of ${user} was answered as one of ${answer.user}`);
      else if (answer.mark !== mark)
        this.#scene.note("answer", `a call of ${user} was given the answer to another call`);
    }
    if (answers.some((answer) => answer.user === user && answer.mark === mark)) return undefined;
    return `call ${mark} of ${user} was not answered: ${this.#scene.describe(given)}`;
  }

  #judgeList(user: User, list: readonly unknown[]): Unanswered {
    const listed = listedIn(textOf(list));
    this.#scene.judgeText(user, list);
    for (const other of users.filter((one) => one !== user)) {
      if (shows(list, ownTool(other)) || shows(list, newTool(other)))
        this.#scene.note("list", `${user} was shown a tool of ${other}`);
      if (listed.includes(other)) this.#scene.note("list", `${user} was shown a tool as ${other} was`);
    }
    return shows(list, ownTool(user))
      ? undefined
      : `the list of ${user} has not the tool that is ${user}'s own`;
  }
}

/** A call that waits at the server. */
export interface Waiting {
  readonly atServer: WaitingCall;
  readonly unanswered: Promise<Unanswered>;
  /** Gives the call up. */
  abort(): void;
}

/** How long is waited before a question is asked again: a subject may have been told to back off. */
const retryMs = 50;

/** The first of what was not answered. */
export function firstOf(outcomes: readonly Unanswered[]): Unanswered {
  return outcomes.find((outcome) => outcome !== undefined);
}
