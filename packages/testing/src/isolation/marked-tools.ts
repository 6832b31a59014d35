import type { CallToolResult } from "@tenantry/core";
import type { FakeTool } from "../fake-tools.ts";

/** A call as it arrived at the server. */
export interface ArrivedCall {
  /** Who asked, as the call's own arguments have it. */
  readonly asker: string;
  /** The number of the call. */
  readonly mark: number;
  /** Whose key it came with. */
  readonly user: string;
  /** That key, as the header had it. */
  readonly credential: string | undefined;
}

/** A call that waits at the server. */
export interface WaitingCall {
  readonly arrived: Promise<void>;
  /** Resolves when its caller has left. */
  readonly left: Promise<void>;
  /** Whether its caller has left. */
  readonly isLeft: boolean;
  /** Answers it. */
  answer(): void;
}

/** An answer that names whose key the call came with, and which call it answers. */
const answerPattern = /answer for (\w+), call (\d+)/gu;

/** Every answer of the server in a text. */
export function answersIn(text: string): readonly { readonly user: string; readonly mark: number }[] {
  return [...text.matchAll(answerPattern)].map(([, user = "", mark]) => ({ user, mark: Number(mark) }));
}

/** Whom a tool was listed for: every description says so. */
const listedPattern = /listed for (\w+)/gu;

/** The users whose tools' descriptions are in a text. */
export function listedIn(text: string): readonly string[] {
  return [...text.matchAll(listedPattern)].map(([, user = ""]) => user);
}

/** A text without what the server itself says of users, which is judged apart. */
export function withoutMarks(text: string): string {
  return text.replaceAll(answerPattern, "").replaceAll(listedPattern, "");
}

/** The tool of a user that no other user has. */
export const ownTool = (user: string): string => `only_${user}`;
/** The tool that a user has once their list has changed. */
export const newTool = (user: string): string => `new_${user}`;

/** The tools of a server whose every call says who makes it: `answer`, `wait`, and some that one user alone has. */
export class MarkedTools {
  readonly arrived: ArrivedCall[] = [];
  readonly #waiting = new Map<number, Waiting>();
  readonly #lists = new Map<string, readonly FakeTool[]>();
  /** Hears of each call as it arrives. */
  onArrival: ((call: ArrivedCall) => void) | undefined;

  /** The tools of one user. */
  of(user = ""): readonly FakeTool[] {
    const made = this.#lists.get(user) ?? [
      this.#answer("answer", user),
      this.#wait(user),
      this.#answer(ownTool(user), user),
    ];
    this.#lists.set(user, made);
    return made;
  }

  /** Gives a user one more tool. */
  add(user: string): void {
    this.#lists.set(user, [...this.of(user), this.#answer(newTool(user), user)]);
  }

  /** The call of `wait` with this number, which may yet have to arrive. */
  waiting(mark: number): WaitingCall {
    const call = this.#waiting.get(mark) ?? new Waiting();
    this.#waiting.set(mark, call);
    return call;
  }

  /** Answers everything that waits. */
  answerAll(): void {
    for (const call of this.#waiting.values()) call.answer();
  }

  #answer(name: string, user: string): FakeTool {
    return tool(name, `Says whose key the call came with; listed for ${user}.`, (call) => {
      this.#note(call);
      return answerTo(call);
    });
  }

  #wait(user: string): FakeTool {
    const description = `Waits, and then says whose key the call came with; listed for ${user}.`;
    return tool("wait", description, async (call, signal) => {
      this.#note(call);
      const waiting = this.waiting(call.mark) as Waiting;
      await waiting.begin(signal);
      return answerTo(call);
    });
  }

  #note(call: ArrivedCall): void {
    this.arrived.push(call);
    this.onArrival?.(call);
  }
}

class Waiting implements WaitingCall {
  readonly #arrived = Promise.withResolvers<void>();
  readonly #left = Promise.withResolvers<void>();
  readonly #answered = Promise.withResolvers<void>();
  readonly arrived = this.#arrived.promise;
  readonly left = this.#left.promise;
  isLeft = false;

  begin(signal: AbortSignal): Promise<unknown> {
    const leave = () => {
      this.isLeft = true;
      this.#left.resolve();
    };
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
    this.#arrived.resolve();
    return Promise.race([this.#answered.promise, this.left]).finally(() =>
      signal.removeEventListener("abort", leave),
    );
  }

  answer(): void {
    this.#answered.resolve();
  }
}

function tool(
  name: string,
  description: string,
  call: (call: ArrivedCall, signal: AbortSignal) => CallToolResult | Promise<CallToolResult>,
): FakeTool {
  const properties = { asker: { type: "string" }, mark: { type: "number" } };
  return {
    definition: {
      name,
      description,
      inputSchema: { type: "object", properties, required: ["asker", "mark"] },
      annotations: { readOnlyHint: true },
    },
    call: (args, { user = "", credential, signal }) =>
      call({ asker: String(args["asker"]), mark: Number(args["mark"]), user, credential }, signal),
  };
}

function answerTo({ user, mark }: ArrivedCall): CallToolResult {
  return { content: [{ type: "text", text: `answer for ${user}, call ${mark}` }] };
}
