import { requestOptions } from "../exchange/exchange.ts";
import { legacyResult } from "../exchange/results.ts";
import { askableOf, metaOf, progressTokenOf } from "../exchange/said.ts";
import { viaMeta, viaOf } from "../exchange/via.ts";
import { capabilities, verbOf } from "../verbs/verbs.ts";
import { failureOf, Refused } from "../wire/failure.ts";
import type { Id, Incoming } from "../wire/message.ts";
import { errorResponse, jsonResponse } from "../wire/reply.ts";
import { pageToVisit } from "../asking/page-to-visit.ts";
import { Elsewhere } from "../asking/elsewhere.ts";
import { agreedVersion, isLegacyVersion } from "./envelope.ts";
import type { Parts, RequestMessage, Visit } from "./parts.ts";
import { runRequest } from "./run.ts";
import { SessionRequests } from "./session-requests.ts";
import { noSession, principalOfSession, Sessions, type Session } from "./sessions.ts";

/** Serves the legacy era (MCP 2025-11-25 and before): a handshake, and a session that all that follows names. */
export class LegacyEra {
  readonly #parts: Parts;
  readonly #sessions: Sessions;
  readonly #requests: SessionRequests;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#sessions = new Sessions(parts);
    this.#requests = new SessionRequests(parts, this.#sessions);
  }

  /** Answers one POST. */
  async serve(visit: Visit, message: Incoming): Promise<Response> {
    const id = message.kind === "request" ? message.id : null;
    try {
      if (message.kind === "request" && message.method === "initialize")
        return await this.#begin(visit, message);
      const session = await this.#session(visit);
      return await this.#within(visitOfSession(visit, session), session, message);
    } catch (failure) {
      if (failure instanceof Elsewhere) return this.#parts.passOn(visit, message, failure.replica);
      return errorResponse(id, failureOf(failure));
    }
  }

  /** Opens the stream on which a session hears of changes. */
  async listen(visit: Visit): Promise<Response> {
    try {
      const session = await this.#session(visit);
      return this.#requests.stream(visitOfSession(visit, session), session);
    } catch (failure) {
      return errorResponse(null, failureOf(failure));
    }
  }

  /** Ends a session. */
  async end(visit: Visit): Promise<Response> {
    try {
      this.#sessions.end(await this.#session(visit), visit.owner);
      return new Response(null, { status: 204 });
    } catch (failure) {
      return errorResponse(null, failureOf(failure));
    }
  }

  async #begin({ principal }: Visit, { id, params }: RequestMessage): Promise<Response> {
    const { serverInfo, instructions, instance, limits } = this.#parts;
    viaOf(metaOf(params), instance, limits.maxHops);
    const version = agreedVersion(params["protocolVersion"]);
    const handle = await this.#sessions.begin(principal, version, askableOf(params["capabilities"]));
    const result = {
      protocolVersion: version,
      capabilities,
      serverInfo,
      ...(instructions && { instructions }),
    };
    return jsonResponse({ jsonrpc: "2.0", id, result }, 200, { "mcp-session-id": handle });
  }

  async #session({ request: { headers }, principal }: Visit): Promise<Session> {
    const version = headers.get("mcp-protocol-version");
    if (version !== null && !isLegacyVersion(version.trim()))
      throw new Refused({
        status: 400,
        code: -32_600,
        message: "This protocol revision has no sessions, or is unknown.",
      });
    const handle = headers.get("mcp-session-id");
    if (handle === null)
      throw new Refused({
        status: 400,
        code: -32_600,
        message: "The header Mcp-Session-Id is missing; initialize first.",
      });
    const opened = await this.#sessions.open(principal, handle);
    if (opened.kind === "own") return opened.value;
    throw new Refused(noSession);
  }

  async #within(visit: Visit, session: Session, message: Incoming): Promise<Response> {
    switch (message.kind) {
      case "request":
        return this.#answer(visit, session, message);
      case "answer": {
        const isAsked = await this.#parts.questions.answer(
          visit.principal,
          message.id,
          message.result,
          message.error,
        );
        return isAsked
          ? accepted()
          : errorResponse(null, { ...noSession, message: "There is no such question." });
      }
      case "notification":
        if (message.method === "notifications/cancelled") this.#cancel(session, message.params["requestId"]);
        return accepted();
      case "malformed":
        throw new Refused({ status: 400, code: -32_600, message: message.why });
    }
  }

  #cancel(session: Session, id: unknown): void {
    const call = this.#sessions.known(session)?.calls.get(callKey(id as Id));
    call?.abort(new Error("The client has taken its request back."));
  }

  async #answer(visit: Visit, session: Session, message: RequestMessage): Promise<Response> {
    const { instance, limits } = this.#parts;
    const { id, method, params } = message;
    const meta = metaOf(params);
    const via = viaOf(meta, instance, limits.maxHops);
    const own = this.#requests.answer(session, visit.owner, message);
    if (own !== undefined) return jsonResponse({ jsonrpc: "2.0", id, result: await own });
    const verb = verbOf(method);
    if (verb === undefined)
      throw new Refused({ status: 200, code: -32_601, message: "There is no such method." });
    const key = callKey(id);
    if (this.#sessions.known(session)?.calls.has(key) === true)
      throw new Refused({ status: 400, code: -32_600, message: "A request with this id is under way." });
    const begin = { era: "legacy", visit, message } as const;
    // A client that has lost its stream has not taken its request back (MCP 2025-11-25, Streamable HTTP).
    return runRequest(
      this.#parts,
      begin,
      () => {},
      async ({ reply, controller }) => {
        const state = this.#sessions.state(session, visit.owner);
        state.calls.set(key, controller);
        const { signal } = controller;
        const { principal } = visit;
        const ear = { hearing: { reply, progressToken: progressTokenOf(meta) } };
        const handlers = this.#parts.questions.handlers(session.capabilities, principal, reply);
        const logLevel = state.logLevel ?? "info";
        try {
          const result = await verb({
            ...{ era: "legacy", method, params, signal, ear, limits, principal },
            client: this.#parts.connect(visit.caller),
            capabilities: session.capabilities,
            handles: this.#parts.handles,
            options: requestOptions({
              signal,
              params,
              meta: viaMeta([...via, instance]),
              ear,
              logLevel,
              handlers,
            }),
          });
          return legacyResult(result);
        } catch (failure) {
          throw pageToVisit(failure, session.capabilities);
        } finally {
          state.calls.delete(key);
          this.#sessions.tidy(session);
        }
      },
    );
  }
}

/** A visit within a session: it is made for the session's own principal. */
function visitOfSession(visit: Visit, session: Session): Visit {
  const principal = principalOfSession(visit.principal, session);
  return { ...visit, principal, caller: Object.freeze({ ...visit.caller, session: principal.session }) };
}

function accepted(): Response {
  return new Response(null, { status: 202 });
}

function callKey(id: Id): string {
  return `${typeof id} ${id}`;
}
