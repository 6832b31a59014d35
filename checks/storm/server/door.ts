import type { IncomingMessage } from "node:http";
import { refusal, type Answer } from "./answer.ts";
import type { Notebook } from "./notebook.ts";
import { holderOf, nameOf, type TokenHolder } from "../people.ts";
import type { Session, Sessions } from "./sessions.ts";
import { headerOf, type Visit } from "./visit.ts";
import type { Fault } from "../weather.ts";

/** What a door is made with. */
export interface DoorOptions {
  readonly sessions: Sessions;
  readonly notebook: Notebook;
  /** The workspaces that have this server. */
  readonly workspaces: readonly string[];
}

/** Knows whose a request is, and turns away what is surely not worked on. */
export class Door {
  readonly #options: DoorOptions;
  /** The oldest generation of each person's tokens that is good. */
  readonly #oldest = new Map<string, number>();

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /** Whose a request is; `undefined`, and noted, where it is nobody's or not all of it is one person's. */
  admit(request: IncomingMessage): Pick<Visit, "holder" | "session"> | undefined {
    const { sessions, notebook } = this.#options;
    const holder = holderOf(request.headers.authorization);
    const session = sessions.find(headerOf(request, "mcp-session-id"));
    const crossing =
      holder === undefined ? "a request came without a token" : this.#crossing(holder, session);
    if (crossing !== undefined) notebook.crossed(crossing);
    return holder === undefined || crossing !== undefined ? undefined : { holder, session };
  }

  #crossing(holder: TokenHolder, session: Session | undefined): string | undefined {
    const came = `the token of ${spell(holder)} came`;
    if (!this.#options.workspaces.includes(holder.workspace))
      return `${came} to a server that its workspace does not have`;
    // What a bearer token allows is told by its text alone, so that another token of the same user is another subject.
    if (session === undefined || spell(session.owner) === spell(holder)) return undefined;
    return `${came} on a session of ${spell(session.owner)}`;
  }

  /** The answer to a request that is turned away unread; `undefined` for one that is worked on. */
  turnAway(visit: Visit): Answer | undefined {
    const { holder, session, request, weather } = visit;
    // A session may be ended with the token that it was made with, whatever has become of that since.
    const isRevoked = holder.generation < this.#oldestOf(holder) && request.method !== "DELETE";
    const fault = isRevoked ? "unauthorized" : weather.fault;
    const refused = this.#refused(visit, fault);
    if (refused !== undefined) {
      this.#options.notebook.met(holder, fault as Fault);
      return refused;
    }
    if (headerOf(request, "mcp-session-id") === undefined || session?.state === "alive") return undefined;
    return refusal(404, "Session not found");
  }

  #refused({ holder, session, weather }: Visit, fault: Fault | undefined): Answer | undefined {
    const retryAfter = { "retry-after": String(Math.round(weather.force)) };
    switch (fault) {
      case "unauthorized":
        this.#oldest.set(nameOf(holder), Math.max(this.#oldestOf(holder), holder.generation + 1));
        return refusal(401, "The token is too old", { "www-authenticate": 'Bearer error="invalid_token"' });
      case "too many requests":
        return refusal(429, "Too many requests", retryAfter);
      case "unavailable":
        return refusal(503, "Unavailable", retryAfter);
      case "session lost":
        if (session?.state !== "alive") return undefined;
        session.state = "lost";
        return refusal(404, "Session not found");
      default:
        return undefined;
    }
  }

  #oldestOf(holder: TokenHolder): number {
    return this.#oldest.get(nameOf(holder)) ?? 0;
  }
}

function spell(holder: TokenHolder): string {
  return `${nameOf(holder)} (token ${holder.generation})`;
}
