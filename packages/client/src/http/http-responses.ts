import { TenantryError, type Clock } from "@tenantry/core";
import type { ExchangeResponse } from "@tenantry/egress";
import { readEventStream } from "./event-stream.ts";
import { readText } from "./body.ts";
import type { Call } from "../call.ts";
import { httpFailure, lost } from "../failure.ts";
import type { Inbox } from "../inbox.ts";
import { parseJson } from "../json-text.ts";
import type { ClientLimits } from "../limits.ts";
import { isObject, isSameId, rpcErrorOf } from "../message.ts";
import { lacksSession, type RefusedForSession, type SessionStanding } from "./session-loss.ts";
import { readResumedStream, type ResumedStreamOptions } from "./resumed-stream.ts";

/** What is known of a request when its response is read. */
export interface Posted {
  /** Who waits for the answer; a notification has nobody. */
  readonly call: Call | undefined;
  /** Names the request in a message. */
  readonly method: string;
  readonly session: SessionStanding;
  /** Gives what was sent in secret, which no error may repeat. */
  readonly secrets: () => readonly string[];
}

/** How a legacy server's broken stream is asked for again; absent where a broken stream is a lost one. */
export type Resume = Pick<ResumedStreamOptions, "get" | "signal">;

/** How long a server may keep a stream open after it has answered on it. */
const drainMs = 1_000;
/** How long what a failed answer says beside its status is waited for. */
const errorBodyMs = 1_000;
const maxErrorBytes = 64 * 1024;

/** Reads responses (MCP, Streamable HTTP) and gives what they hold to the inbox. */
export class HttpResponses {
  readonly #inbox: Inbox;
  readonly #limits: ClientLimits;
  readonly #clock: Clock;

  constructor(inbox: Inbox, limits: ClientLimits, clock: Clock) {
    this.#inbox = inbox;
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Reads the successful response to a call until its answer; throws where it ends without one. */
  async receiveAnswer(response: ExchangeResponse, call: Call, resume: Resume | undefined): Promise<void> {
    switch (mediaType(response)) {
      case "application/json":
        return this.#receiveJson(response, call);
      case "text/event-stream":
        return this.#receiveStream(response, call, resume);
      default:
        response.body.cancel();
        throw unreadable("an answer that is not MCP (no or another content type)", response.status);
    }
  }

  /** Gives a response that is a stream of events; throws for any other. */
  async streamOf(response: ExchangeResponse, posted: Omit<Posted, "call">): Promise<ExchangeResponse> {
    const { status } = response;
    if (status < 200 || status > 299) await this.receiveFailure(response, { ...posted, call: undefined });
    if (mediaType(response) === "text/event-stream") return response;
    response.body.cancel();
    throw unreadable("no stream of events", status);
  }

  /** Reads the stream on which a server speaks of its own accord, and opens it again where it ends. */
  async receiveAll(first: ExchangeResponse, { get, signal }: Resume): Promise<void> {
    const limits = { ...this.#limits, maxStreamBytes: Infinity };
    const receive = (data: string) => this.#receiveEvent(data, null);
    const of = { get, receive, isDone: () => false, startsOver: true, limits, clock: this.#clock, signal };
    return readResumedStream(first, of);
  }

  /** Takes the data of one event; what is not JSON is skipped, because some servers send it between messages. */
  #receiveEvent(data: string, own: Call | null): void {
    const parsed = this.#parse(data);
    if (parsed !== undefined) this.#inbox.receive(parsed, own);
  }

  /** Reads a response that is not a success: the answer to the call where it holds one, else the failure it throws. */
  async receiveFailure(
    response: ExchangeResponse,
    { call, method, session, secrets }: Posted,
  ): Promise<void> {
    const { status, headers } = response;
    const body = await this.#errorBody(response);
    const answer = { status, headers, rpc: rpcErrorOf(body) };
    if (call !== undefined && answers(body, call) && !isTurnedAway(answer, session))
      return this.#inbox.receive(body, call);
    const { maxRetryAfterMs } = this.#limits;
    const context = { method, session, secrets: secrets(), clock: this.#clock, maxRetryAfterMs };
    throw httpFailure(answer, context);
  }

  async #receiveJson(response: ExchangeResponse, call: Call): Promise<void> {
    const { status } = response;
    const parsed = this.#parse(await readText(response, this.#limits.maxMessageBytes));
    if (parsed === undefined) throw unreadable("an answer that is not JSON", status);
    if (Array.isArray(parsed)) for (const one of parsed) this.#inbox.receive(one, call);
    else this.#inbox.receive(parsed, call);
    if (call.isPending) throw unreadable("JSON without the answer", status);
  }

  async #receiveStream(response: ExchangeResponse, call: Call, resume: Resume | undefined): Promise<void> {
    let patience: ReturnType<Clock["after"]> | undefined;
    let current = response;
    const receive = (data: string) => {
      this.#receiveEvent(data, call);
      if (call.isAnswered) patience ??= this.#clock.after(drainMs, () => current.body.cancel());
    };
    const limits = call.isEndless ? { ...this.#limits, maxStreamBytes: Infinity } : this.#limits;
    try {
      if (resume === undefined) {
        await readEventStream(response, limits, {
          event: (data, event) => (event === undefined || event === "message") && receive(data),
        });
      } else {
        const get = async (id: string | undefined) => (current = await resume.get(id));
        const isDone = () => !call.isPending;
        const { signal } = resume;
        const clock = this.#clock;
        await readResumedStream(response, { get, receive, isDone, startsOver: false, limits, clock, signal });
      }
    } catch (failure) {
      if (call.isPending) throw resume === undefined ? failure : unresumed(call, failure);
    } finally {
      patience?.cancel();
    }
    if (call.isPending) throw lost(call.method, "The server ended its stream", { status: response.status });
  }

  /** Parses one message; `undefined` where it is not JSON. */
  #parse(text: string): unknown {
    try {
      return parseJson(text, this.#limits);
    } catch (failure) {
      if (failure instanceof SyntaxError) return undefined;
      throw failure;
    }
  }

  /** What a failed answer says beside its status; nothing in it can make the failure worse. */
  async #errorBody(response: ExchangeResponse): Promise<unknown> {
    const patience = this.#clock.after(errorBodyMs, () => response.body.cancel());
    try {
      return this.#parse(await readText(response, maxErrorBytes));
    } catch {
      return undefined;
    } finally {
      patience.cancel();
    }
  }
}

/** The media type of a response, without its parameters; an absent one is taken for JSON. */
function mediaType({ headers }: ExchangeResponse): string {
  const type = headers["content-type"] ?? "application/json";
  // What nearly every server says, as it says it.
  if (type === "application/json" || type === "text/event-stream") return type;
  return (type.split(";", 1)[0] ?? "").trim().toLowerCase();
}

function answers(body: unknown, { id }: Call): boolean {
  return rpcErrorOf(body) !== undefined && isObject(body) && isSameId(id, body.id);
}

/** Whether an answer speaks for the connection, whatever its body says about the request. */
function isTurnedAway(answer: RefusedForSession, session: SessionStanding): boolean {
  const { status } = answer;
  if ([401, 403, 408, 429].includes(status) || status >= 500 || status < 400) return true;
  // A server that has made the session speaks of a request under 400, with its id.
  return session === "held" ? status === 404 : lacksSession(answer, session);
}

/**
 * The failure of a call whose stream could not be gone on with. Whatever became of asking for the rest, a tool had been
 * called by then: no refusal of that question is one of the call.
 */
function unresumed({ method }: Call, failure: unknown): unknown {
  if (method !== "tools/call" || !(failure instanceof TenantryError)) return failure;
  if (failure.delivery === "unknown" && !failure.retryable) return failure;
  const { recover, status } = failure;
  return lost(method, "The server did not go on with its stream", {
    cause: failure,
    ...(recover !== undefined && { recover }),
    ...(status !== undefined && { status }),
  });
}

function unreadable(what: string, status: number): TenantryError {
  const details = { status, delivery: "unknown" } as const;
  return new TenantryError(
    "PROTOCOL_VIOLATION",
    `The server sent ${what}; check that its url leads to an MCP server.`,
    details,
  );
}
