import { quote, systemClock, TenantryError, type Clock, type Era } from "@tenantry/core";
import { Keys, type Authentication } from "./authentication.ts";
import { defaultTools, type FakeTool } from "./fake-tools.ts";
import { ActiveFaults, type Faults } from "./faults.ts";
import { Loopback } from "./loopback.ts";
import { refuse, type Gate } from "./gate.ts";
import { McpEndpoint } from "./mcp-endpoint.ts";
import { answerOrMisbehave } from "./misbehaviour.ts";
import { TokenGate, type TokenAuthentication } from "./protected-resource.ts";
import { Recording, type Arrival, type RecordedRequest } from "./recording.ts";

/** How a fake server behaves. */
export interface FakeServerOptions {
  /** Which eras it speaks; defaults to `dual`: modern for modern requests, legacy with sessions for the others. */
  readonly era?: Era | "dual";
  /**
   * The keys that it accepts, or whose tokens; a missing or unknown one is answered with 401. Absent: it asks for none.
   */
  readonly authenticate?: Authentication | TokenAuthentication;
  /** Its tools; defaults to {@link defaultTools}. */
  readonly tools?: readonly FakeTool[];
  /** The tools of each user, instead of `tools`; it is asked anew for each request. */
  readonly toolsFor?: (user: string | undefined) => readonly FakeTool[];
  /** How many tools a page of `tools/list` holds; defaults to all. */
  readonly pageSize?: number;
  /** Answers with JSON or with event streams only; defaults to what the official SDK does. */
  readonly responseMode?: "json" | "sse";
  /** Whether it says that it tells of changes of its tools, which {@link FakeServer.tellToolsChanged} does; defaults to no. */
  readonly announces?: boolean;
  /** What `close()` does after a crossing: throws, which fails the test (the default), or nothing. */
  readonly onCrossing?: "fail" | "record";
  /** Where time comes from; defaults to the real clock. */
  readonly clock?: Clock;
}

/** A real MCP server on 127.0.0.1 that tells what it was asked, by whom and with what. */
export interface FakeServer extends AsyncDisposable {
  /** Where its MCP endpoint is. */
  readonly url: URL;
  /** Every HTTP request, in order of arrival, those that were refused included. */
  readonly requests: readonly RecordedRequest[];
  /** The live legacy sessions, each with the user that initialised it. */
  readonly sessions: ReadonlyMap<string, string | undefined>;
  /** How many legacy sessions were ended with a DELETE. */
  readonly endedSessions: number;
  /** How many sockets are open. */
  readonly openSockets: number;
  /** Each time that one user's key was used on another user's session; it is never shown here. */
  readonly crossings: readonly string[];
  /** What goes wrong. */
  readonly faults: Faults;
  /** Accepts these keys and no others from now on; throws `ARGUMENT_INVALID` where `authenticate` did not give keys. */
  setKeys(keys: Readonly<Record<string, string>>): void;
  /** Tells whoever listens with a key of this user that the list of tools has changed. */
  tellToolsChanged(user: string): Promise<void>;
  /** Forgets every session: the next request on one of them is answered with 404. */
  forgetSessions(): Promise<void>;
  /**
   * Ends sessions, streams and sockets; gives the same promise every time. Rejects with `PROTOCOL_VIOLATION`
   * after a crossing, unless `onCrossing` says otherwise.
   */
  close(): Promise<void>;
}

/** Starts a fake server on a free port of 127.0.0.1; throws `CONNECT_FAILED` where it cannot listen. */
export async function startFakeServer(options: FakeServerOptions = {}): Promise<FakeServer> {
  const server = new LoopbackServer(options);
  await server.listen();
  return server;
}

class LoopbackServer implements FakeServer {
  readonly faults = new ActiveFaults();
  readonly crossings: string[] = [];
  readonly #failOnCrossing: boolean;
  readonly #clock: Clock;
  readonly #gate: Gate;
  readonly #recording: Recording;
  readonly #endpoint: McpEndpoint;
  readonly #loopback: Loopback;
  #url: URL | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: FakeServerOptions) {
    const { clock = systemClock, era = "dual", pageSize = Number.POSITIVE_INFINITY, responseMode } = options;
    const tools = options.tools ?? defaultTools({ clock });
    this.#failOnCrossing = options.onCrossing !== "record";
    this.#clock = clock;
    this.#gate = gateOf(options.authenticate, () => this.url);
    this.#recording = new Recording(clock, (headers) => this.#gate.userOf(headers));
    const toolsOf = options.toolsFor ?? (() => tools);
    const { announces = false } = options;
    this.#endpoint = new McpEndpoint({ era, gate: this.#gate, toolsOf, pageSize, responseMode, announces });
    this.#loopback = new Loopback(async (request, response) => {
      await this.#answer(await this.#recording.receive(request, response));
    });
  }

  get url(): URL {
    if (this.#url === undefined)
      throw new TenantryError("CLOSED", "The server does not listen; start it first.");
    return new URL(this.#url);
  }

  get requests(): readonly RecordedRequest[] {
    return this.#recording.requests;
  }

  get sessions(): ReadonlyMap<string, string | undefined> {
    return this.#endpoint.sessions.users;
  }

  get endedSessions(): number {
    return this.#endpoint.sessions.ended;
  }

  get openSockets(): number {
    return this.#loopback.openSockets;
  }

  async listen(): Promise<void> {
    this.#url = new URL(path, await this.#loopback.listen());
  }

  setKeys(keys: Readonly<Record<string, string>>): void {
    if (!(this.#gate instanceof Keys) || this.#gate.header === undefined) {
      throw new TenantryError(
        "ARGUMENT_INVALID",
        "The server has no keys of its own; start it with `authenticate: { header, keys }`.",
      );
    }
    this.#gate.replace(keys);
  }

  tellToolsChanged(user: string): Promise<void> {
    return this.#endpoint.tellToolsChanged(user);
  }

  forgetSessions(): Promise<void> {
    return this.#endpoint.sessions.forget();
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    // The sockets first: nothing that arrives while the rest closes can open anything again.
    await this.#loopback.close();
    await this.#endpoint.close();
    if (this.crossings.length === 0 || !this.#failOnCrossing) return;
    const list = this.crossings.join("; ");
    throw new TenantryError(
      "PROTOCOL_VIOLATION",
      `One user's key was used on another's session; find out why: ${list}.`,
    );
  }

  async #answer(arrival: Arrival): Promise<void> {
    const crossed = this.#noteCrossing(arrival.record);
    const met = this.faults.take(arrival.record);
    await answerOrMisbehave(arrival, met, this.#clock, () => this.#serve(arrival, crossed));
  }

  #noteCrossing({ sessionId, user, method, rpc = "" }: RecordedRequest): boolean {
    const owner = sessionId === undefined ? undefined : this.#endpoint.sessions.ownerOf(sessionId);
    if (owner === undefined || user === undefined || owner === user) return false;
    this.crossings.push(`${method} ${rpc} with a key of ${quote(user)} on a session of ${quote(owner)}`);
    return true;
  }

  async #serve(arrival: Arrival, crossed: boolean): Promise<Response> {
    const { pathname } = new URL(arrival.record.path, this.url);
    if (pathname === path) return this.#endpoint.serve(arrival, crossed);
    return this.#gate.document(pathname) ?? refuse(404, "Not found");
  }
}

function gateOf(authenticate: FakeServerOptions["authenticate"], url: () => URL): Gate {
  const byToken = authenticate !== undefined && "authorizationServer" in authenticate;
  return byToken ? new TokenGate(authenticate, url) : new Keys(authenticate);
}

const path = "/mcp";
