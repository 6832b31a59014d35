import { TenantryError, type Era } from "@tenantry/core";
import { startFakeServer, type FakeServer } from "../fake-server.ts";
import type { RecordedRequest } from "../recording.ts";
import { KeyRing } from "./key-ring.ts";
import { MarkedTools, withoutMarks } from "./marked-tools.ts";
import type { Crossing, CrossingKind } from "./report.ts";
import type { IsolationHost, IsolationSubject, OpenSubject } from "./subject.ts";
import { names, textOf } from "./text.ts";
import { within } from "./within.ts";

/** The two who must never meet. */
export const users = ["ada", "bob"] as const;
/** One of them. */
export type User = (typeof users)[number];
/** One who has no key. */
export const keyless = "eve";
const spare = "zoe";

/** What a scene is set up with. */
export interface SceneOptions {
  readonly era: Era;
  /** How long one question may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** One subject, one server, and everything that crossed between its users. */
export class Scene {
  readonly era: Era;
  readonly timeoutMs: number;
  readonly keys = new KeyRing([...users, spare]);
  readonly tools: MarkedTools;
  readonly server: FakeServer;
  #subject: OpenSubject | undefined;
  readonly #source: IsolationSubject;
  readonly #crossings = new Map<string, Crossing>();

  constructor(source: IsolationSubject, server: FakeServer, tools: MarkedTools, options: SceneOptions) {
    this.#source = source;
    this.server = server;
    this.tools = tools;
    this.era = options.era;
    this.timeoutMs = options.timeoutMs;
    this.acceptKeys("all");
    tools.onArrival = ({ asker, user }) => {
      if (asker !== user) this.note("key", `a call of ${asker} arrived with a key of ${user}`);
    };
  }

  /** The subject; throws `CLOSED` where none is open. */
  get subject(): OpenSubject {
    if (this.#subject === undefined)
      throw new TenantryError("CLOSED", "The subject is not open; open the scene first.");
    return this.#subject;
  }

  /** Everything that has crossed so far, each once. */
  get crossings(): readonly Crossing[] {
    const sessions = this.server.crossings.map((detail) => ({ kind: "session" as const, detail }));
    return [...this.#crossings.values(), ...sessions];
  }

  /** Every request of one user since `from`, a number of requests. */
  requestsOf(user: User, from = 0): readonly RecordedRequest[] {
    return this.server.requests.slice(from).filter((request) => request.user === user);
  }

  /** Opens the subject, a second time after closing the first; gives why it cannot be opened. */
  async open(): Promise<string | undefined> {
    await this.#closeSubject();
    const host: IsolationHost = Object.freeze({
      url: this.server.url,
      era: this.era,
      keyOf: (user: string) => this.keys.keyOf(user),
      spare,
    });
    let given = false;
    const opening = (async () => this.#source.open(host))().then((subject) => {
      // What opens when nobody waits for it any more is closed by nobody else.
      if (given) void subject.close().catch(() => {});
      else this.#subject = subject;
      return undefined;
    });
    const failed = opening.catch((failure: unknown) => `it could not be opened: ${this.describe(failure)}`);
    const reason = await within(this.timeoutMs, failed, `it did not open within ${this.timeoutMs} ms`);
    given = true;
    return reason;
  }

  /** Has the server accept all keys, or the newest of each user alone. */
  acceptKeys(which: "all" | "newest"): void {
    this.server.setKeys(this.keys.accepted(which));
  }

  /** Notes a crossing; the same one counts once. */
  note(kind: CrossingKind, detail: string): void {
    this.#crossings.set(`${kind} ${detail}`, Object.freeze({ kind, detail }));
  }

  /** Notes where what a user was given, or failed with, tells of another user. */
  judgeText(user: string, given: unknown): void {
    const text = textOf(given);
    const rest = withoutMarks(text);
    const owners = this.keys.ownersIn(text);
    for (const other of users.filter((one) => one !== user)) {
      if (owners.includes(other)) this.note("text", `${user} was told a key of ${other}`);
      if (names(rest, other)) this.note("text", `${user} was told of ${other}`);
    }
  }

  /** Whatever a subject gave or threw, as a short text without a key. */
  describe(value: unknown): string {
    const text = value instanceof Error ? `${value.name}: ${value.message}` : textOf(value);
    const line = this.keys.redact(text).replaceAll(/\s+/gu, " ");
    return line.length > 160 ? `${line.slice(0, 160)}…` : line;
  }

  /** Closes the subject and the server; what the subject leaves open, the server ends. */
  async close(): Promise<void> {
    this.tools.answerAll();
    await this.#closeSubject();
    await this.server.close();
  }

  async #closeSubject(): Promise<void> {
    const subject = this.#subject;
    this.#subject = undefined;
    if (subject === undefined) return;
    await within(
      this.timeoutMs,
      (async () => subject.close())().catch(() => {}),
      undefined,
    );
  }
}

/** Starts the server of a scene; the subject is opened by {@link Scene.open}. */
export async function startScene(source: IsolationSubject, options: SceneOptions): Promise<Scene> {
  const tools = new MarkedTools();
  const server = await startFakeServer({
    era: options.era,
    authenticate: { header: "authorization", keys: {} },
    toolsFor: (user) => tools.of(user),
    announces: true,
    onCrossing: "record",
  });
  return new Scene(source, server, tools, options);
}
