import {
  raceAbort,
  systemClock,
  TenantryError,
  type ClientCapabilities,
  type Clock,
  type Implementation,
  type LogLevel,
  type WorkspaceClient,
} from "@tenantry/core";
import manifest from "../../package.json" with { type: "json" };
import { pageToVisit } from "../asking/page-to-visit.ts";
import { agreedVersion } from "../eras/envelope.ts";
import { askableOf, levelOf } from "../exchange/said.ts";
import { Handles } from "../handles/handles.ts";
import { KeyRing } from "../handles/key-ring.ts";
import { Changes } from "../hearing/changes.ts";
import { checkWatch, Watched } from "../hearing/watched.ts";
import { gatewayLimits } from "../limits.ts";
import { capabilities } from "../verbs/verbs.ts";
import { failureOf, invalidParams } from "../wire/failure.ts";
import { messageOf, type Fields, type Id, type Incoming } from "../wire/message.ts";
import { askServers, type Asking } from "./ask-servers.ts";
import { Asked } from "./asked.ts";

/** With whom a conversation is had, and about what. */
export interface ConversationOptions {
  /** What the client sees; everything is done as its principal. */
  readonly client: WorkspaceClient;
  /** Is given every message for the client, in order; it must not throw. */
  readonly send: (message: object) => void;
  /**
   * Whether the client is told when lists change, for which every server is listened to as long as the conversation lasts;
   * defaults to `false`.
   */
  readonly changes?: boolean | undefined;
  /** What the client is told of the server; defaults to `tenantry` and this package's version. */
  readonly serverInfo?: Implementation | undefined;
  /** What the client is told about its use. */
  readonly instructions?: string | undefined;
  /** Defaults to the system's clock. */
  readonly clock?: Clock | undefined;
}

type Request = Extract<Incoming, { kind: "request" }>;

/**
 * Answers one client of the legacy era within the process (MCP 2025-11-25 and before): messages are objects and go no way
 * at all. The client is the host's own code, so lists are whole, and what its requests say in their `_meta` reaches servers.
 */
export class Conversation {
  readonly #options: ConversationOptions;
  // Whoever is in the process gets a list as a whole.
  readonly #limits = gatewayLimits({ maxPageItems: Number.MAX_SAFE_INTEGER });
  readonly #handles: Handles;
  readonly #changes: Changes;
  readonly #watched: Watched;
  readonly #asked = new Asked((message) => this.#say(message));
  readonly #calls = new Map<Id, AbortController>();
  #capabilities: ClientCapabilities = {};
  #logLevel: LogLevel = "info";
  #isOver = false;

  constructor(options: ConversationOptions) {
    const { client, clock = systemClock } = options;
    this.#options = options;
    this.#handles = new Handles(new KeyRing(), clock);
    const { gatherMs } = this.#limits;
    this.#changes = new Changes({ client, clock, gatherMs, tell: (change) => this.#say(change) });
    this.#watched = new Watched(this.#changes);
  }

  /** Takes one message of the client; what answers it is sent later. Never throws. */
  receive(given: unknown): void {
    if (this.#isOver) return;
    const message = messageOf(given);
    switch (message.kind) {
      case "request":
        return void this.#answer(message);
      case "answer":
        return this.#asked.answer(message);
      case "notification":
        return this.#note(message.method, message.params);
      case "malformed":
        return this.#say({ id: message.id, error: { code: -32_600, message: message.why } });
    }
  }

  /** Ends every call and hears of nothing any more; nothing is sent after it. */
  close(): void {
    this.#isOver = true;
    this.#changes.close();
    for (const call of this.#calls.values())
      call.abort(new TenantryError("CLOSED", "The client was closed; connect another."));
  }

  #say(message: object): void {
    if (!this.#isOver) this.#options.send({ jsonrpc: "2.0", ...message });
  }

  #note(method: string, params: Fields): void {
    if (method === "notifications/cancelled")
      this.#calls.get(params["requestId"] as Id)?.abort(new Error("The client has taken its request back."));
    else if (method === "notifications/initialized" && this.#options.changes === true)
      this.#changes.hearLater({ tools: true, prompts: true, resources: true });
  }

  async #answer(request: Request): Promise<void> {
    const { id } = request;
    if (this.#calls.has(id))
      return this.#say({ id, error: { code: -32_600, message: "A request with this id is under way." } });
    const call = new AbortController();
    this.#calls.set(id, call);
    try {
      const result = await raceAbort(this.#do(request, call.signal), call.signal);
      this.#say({ id, result });
    } catch (failure) {
      // Who has taken a request back waits for no answer.
      if (call.signal.aborted) return;
      const { code, message, data } = failureOf(pageToVisit(failure, this.#capabilities));
      this.#say({ id, error: { code, message, ...(data !== undefined && { data }) } });
    } finally {
      this.#calls.delete(id);
    }
  }

  async #do(request: Request, signal: AbortSignal): Promise<object> {
    const { method, params } = request;
    switch (method) {
      case "initialize":
        return this.#begin(params);
      case "ping":
        return {};
      case "logging/setLevel": {
        const level = levelOf(params["level"]);
        if (level === undefined) throw invalidParams("level is a log level.");
        this.#logLevel = level;
        return {};
      }
      case "resources/subscribe": {
        const { uri } = params;
        checkWatch(uri, this.#watched, this.#limits);
        await this.#watched.watch(uri, signal);
        return {};
      }
      case "resources/unsubscribe":
        if (typeof params["uri"] !== "string") throw invalidParams("uri is text.");
        this.#watched.unwatch(params["uri"]);
        return {};
      default:
        return askServers(request, this.#asking(), signal);
    }
  }

  #begin({ protocolVersion, capabilities: given }: Fields): object {
    const { serverInfo, instructions, changes = false } = this.#options;
    this.#capabilities = askableOf(given);
    const { tools, prompts, resources, ...rest } = capabilities;
    return {
      protocolVersion: agreedVersion(protocolVersion),
      capabilities: {
        ...rest,
        tools: { ...tools, listChanged: changes },
        prompts: { ...prompts, listChanged: changes },
        resources: { ...resources, listChanged: changes },
      },
      serverInfo: serverInfo ?? { name: "tenantry", version: manifest.version },
      ...(instructions !== undefined && { instructions }),
    };
  }

  #asking(): Asking {
    return {
      client: this.#options.client,
      capabilities: this.#capabilities,
      logLevel: this.#logLevel,
      handles: this.#handles,
      limits: this.#limits,
      ask: (method, params, signal) => this.#asked.ask(method, params, signal),
      notify: (method, params) => this.#say({ method, params }),
    };
  }
}
