import { levelOf } from "../exchange/said.ts";
import { SessionStream } from "../hearing/session-stream.ts";
import { checkWatch } from "../hearing/watched.ts";
import { invalidParams, Refused } from "../wire/failure.ts";
import type { Fields } from "../wire/message.ts";
import type { Parts, RequestMessage, Visit } from "./parts.ts";
import type { Session, Sessions } from "./sessions.ts";

/** What only the legacy era has within a session: its log level, what it watches, and the stream on which it hears of it. */
export class SessionRequests {
  readonly #parts: Parts;
  readonly #sessions: Sessions;

  constructor(parts: Parts, sessions: Sessions) {
    this.#parts = parts;
    this.#sessions = sessions;
  }

  /** Gives the result of a method; `undefined` for one that this era does not have for itself. */
  answer(session: Session, owner: string, { method, params }: RequestMessage): Promise<object> | undefined {
    switch (method) {
      case "ping":
        return Promise.resolve({});
      case "logging/setLevel":
        return this.#setLevel(session, owner, params);
      case "resources/subscribe":
        return this.#watch(session, owner, params);
      case "resources/unsubscribe":
        return this.#unwatch(session, params);
      default:
        return undefined;
    }
  }

  /** Opens the session's stream; there is one at a time. */
  stream(visit: Visit, session: Session): Response {
    const state = this.#sessions.state(session, visit.owner);
    if (state.stream !== undefined)
      throw new Refused({ status: 409, code: -32_000, message: "The session has a stream already." });
    const client = this.#parts.connect(visit.caller);
    const stream = new SessionStream(this.#parts, visit, client, state.watched, () => {
      state.stream = undefined;
      this.#sessions.tidy(session);
    });
    state.stream = stream;
    return stream.response;
  }

  async #setLevel(session: Session, owner: string, { level }: Fields): Promise<object> {
    const logLevel = levelOf(level);
    if (logLevel === undefined) throw invalidParams("level is a log level.");
    this.#sessions.state(session, owner).logLevel = logLevel;
    return {};
  }

  async #watch(session: Session, owner: string, { uri }: Fields): Promise<object> {
    checkWatch(uri, this.#sessions.known(session)?.watched, this.#parts.limits);
    const state = this.#sessions.state(session, owner);
    // It counts while its server is asked. Until there is a stream to tell of changes on, nothing is asked of the server.
    state.watched.add(uri);
    try {
      await state.stream?.watch(uri);
    } catch (failure) {
      state.watched.delete(uri);
      this.#sessions.tidy(session);
      throw failure;
    }
    return {};
  }

  async #unwatch(session: Session, { uri }: Fields): Promise<object> {
    if (typeof uri !== "string") throw invalidParams("uri is text.");
    const state = this.#sessions.known(session);
    state?.watched.delete(uri);
    state?.stream?.unwatch(uri);
    this.#sessions.tidy(session);
    return {};
  }
}
