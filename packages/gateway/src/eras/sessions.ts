import {
  principalOf,
  type ClientCapabilities,
  type Clock,
  type LogLevel,
  type Principal,
} from "@tenantry/core";
import { randomName, type Handles, type Opened } from "../handles/handles.ts";
import type { GatewayLimits } from "../limits.ts";
import type { SessionStream } from "../hearing/session-stream.ts";

/** What a client and this gateway have agreed on; all of it is in the session's handle, so that any process has it. */
export interface Session {
  /** An unguessable name, by which what a process keeps of the session is found. */
  readonly name: string;
  readonly version: string;
  /** What the client can be asked. */
  readonly capabilities: ClientCapabilities;
  /** The process that began it, which is where its stream and what it watches are best kept. */
  readonly replica: string;
}

/** What one process keeps of a session while there is something to keep. */
export interface SessionState {
  /** Whose it is. */
  readonly owner: string;
  /** From which level on log messages are told; absent where the client has not said. */
  logLevel?: LogLevel | undefined;
  /** The resources that the client watches. */
  readonly watched: Set<string>;
  /** The stream on which it hears of changes. */
  stream?: SessionStream | undefined;
  /** What is under way, by the ids that the client has given. */
  readonly calls: Map<string, AbortController>;
}

/** What sessions are kept with. */
export interface SessionsOptions {
  readonly handles: Handles;
  readonly clock: Clock;
  readonly replica: string;
  readonly limits: Pick<GatewayLimits, "sessionMs" | "maxSessions" | "maxSessionsPerPrincipal">;
}

/** The sessions of the legacy era: handles that hold what was agreed on, and a little state in the process that is asked. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #states = new Map<string, SessionState>();
  /** The same by their owners: whoever begins very many loses what is kept of its own. */
  readonly #owned = new Map<string, Map<string, SessionState>>();
  /** Names of sessions that were ended here, until they would be over anyway or too many others were. */
  readonly #ended = new Map<string, number>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Begins a session and gives its handle. */
  begin(principal: Principal, version: string, capabilities: ClientCapabilities): Promise<string> {
    const { handles, replica, limits } = this.#options;
    const session: Session = { name: randomName(), version, capabilities, replica };
    return handles.seal("session", principal, { ...session } as never, limits.sessionMs);
  }

  /** Opens the handle that a client brings. */
  async open(principal: Principal, handle: string): Promise<Opened<Session>> {
    const opened = await this.#options.handles.open<Session>("session", principal, handle);
    return opened.kind === "own" && this.#ended.has(opened.value.name) ? { kind: "unknown" } : opened;
  }

  /** What this process keeps of a session, if anything. */
  known({ name }: Session): SessionState | undefined {
    return this.#states.get(name);
  }

  /** What this process keeps of a session from now on. */
  state({ name }: Session, owner: string): SessionState {
    const { maxSessions, maxSessionsPerPrincipal } = this.#options.limits;
    const known = this.#states.get(name) ?? { owner, watched: new Set(), calls: new Map() };
    const own = this.#owned.get(owner) ?? new Map<string, SessionState>();
    this.#owned.set(owner, own);
    for (const line of [this.#states, own]) {
      // The last in line is who was used last.
      line.delete(name);
      line.set(name, known);
    }
    if (own.size > maxSessionsPerPrincipal) this.#forgetOldest(own);
    if (this.#states.size > maxSessions) this.#forgetOldest(this.#states);
    return known;
  }

  /** Forgets a session that has nothing of its own any more. */
  tidy({ name }: Session): void {
    const state = this.#states.get(name);
    if (state !== undefined && isEmpty(state)) this.#forget(name);
  }

  /** Ends a session in this process: its handle is good for nothing here any more. */
  end(session: Session): void {
    const { clock, limits } = this.#options;
    const state = this.#states.get(session.name);
    this.#forget(session.name);
    state?.stream?.end();
    for (const call of state?.calls.values() ?? []) call.abort(new Error("The session was ended."));
    const now = clock.now();
    this.#ended.set(session.name, now + limits.sessionMs);
    for (const [name, until] of this.#ended) {
      if (until >= now && this.#ended.size <= limits.maxSessions) break;
      this.#ended.delete(name);
    }
  }

  #forgetOldest(line: ReadonlyMap<string, SessionState>): void {
    for (const [name, { stream, calls }] of line)
      if (stream === undefined && calls.size === 0) return this.#forget(name);
  }

  #forget(name: string): void {
    const { owner = "" } = this.#states.get(name) ?? {};
    this.#states.delete(name);
    const own = this.#owned.get(owner);
    own?.delete(name);
    if (own?.size === 0) this.#owned.delete(owner);
  }
}

function isEmpty({ logLevel, watched, stream, calls }: SessionState): boolean {
  return logLevel === undefined && watched.size === 0 && stream === undefined && calls.size === 0;
}

/** Whom a session's requests are made for: each client of a user is a conversation of its own, unless the host says which it is. */
export function principalOfSession(principal: Principal, { name }: Session): Principal {
  return principal.session === undefined ? principalOf({ ...principal, session: name }) : principal;
}
