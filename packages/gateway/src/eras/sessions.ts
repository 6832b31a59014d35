import { principalOf, type ClientCapabilities, type LogLevel, type Principal } from "@tenantry/core";
import { randomName, type Handles, type Opened } from "../handles/handles.ts";
import type { GatewayLimits } from "../limits.ts";
import type { SessionStream } from "../hearing/session-stream.ts";
import { Refused } from "../wire/failure.ts";
import { Kept } from "./kept.ts";

/** What a client is told of a session that there is not, or not any more. */
export const noSession = { status: 404, code: -32_001, message: "There is no such session." } as const;

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
  readonly replica: string;
  readonly limits: Pick<GatewayLimits, "sessionMs" | "maxSessions" | "maxSessionsPerPrincipal">;
}

/** The sessions of the legacy era: handles that hold what was agreed on, and a little state in the process that is asked. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #states: Kept<SessionState>;
  /** Names of sessions that were ended here. */
  readonly #ended: Kept<true>;

  constructor(options: SessionsOptions) {
    this.#options = options;
    const { maxSessions: max, maxSessionsPerPrincipal: maxEach } = options.limits;
    this.#states = new Kept({ max, maxEach, mayGo: isUnused });
    this.#ended = new Kept({ max, maxEach });
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
    return opened.kind === "own" && this.#ended.get(opened.value.name) ? { kind: "unknown" } : opened;
  }

  /** What this process keeps of a session, if anything. */
  known({ name }: Session): SessionState | undefined {
    return this.#states.get(name);
  }

  /** What this process keeps of a session from now on; throws where it was ended since it was opened. */
  state({ name }: Session, owner: string): SessionState {
    if (this.#ended.get(name)) throw new Refused(noSession);
    const state = this.#states.get(name) ?? { watched: new Set(), calls: new Map() };
    this.#states.put(name, owner, state);
    return state;
  }

  /** Forgets a session that has nothing of its own any more. */
  tidy({ name }: Session): void {
    const state = this.#states.get(name);
    if (state !== undefined && isEmpty(state)) this.#states.delete(name);
  }

  /** Ends a session in this process: its handle is good for nothing here any more. */
  end({ name }: Session, owner: string): void {
    const state = this.#states.get(name);
    this.#states.delete(name);
    state?.stream?.end();
    for (const call of state?.calls.values() ?? []) call.abort(new Error("The session was ended."));
    this.#ended.put(name, owner, true);
  }
}

function isUnused({ stream, calls }: SessionState): boolean {
  return stream === undefined && calls.size === 0;
}

function isEmpty(state: SessionState): boolean {
  return isUnused(state) && state.logLevel === undefined && state.watched.size === 0;
}

/** Whom a session's requests are made for: each client of a user is a conversation of its own, unless the host says which it is. */
export function principalOfSession(principal: Principal, { name }: Session): Principal {
  return principal.session === undefined ? principalOf({ ...principal, session: name }) : principal;
}
