import {
  quote,
  raceAbort,
  TenantryError,
  withDeadline,
  withDetails,
  type AbortableOptions,
  type Principal,
  type ServerId,
} from "@tenantry/core";
import { isUnused } from "../grants/failure.ts";
import type { Grant } from "../grants/grant.ts";
import { checkSender, codeOf, readCallback, unfinishable, type CallbackAnswer } from "./callback.ts";
import type { OAuthClient } from "./client.ts";
import { isServed, type Clients } from "./clients.ts";
import type { Discovery } from "./discovery.ts";
import type { Flow, FlowRow, Flows } from "./flows.ts";
import { grantOf } from "./grant-of.ts";
import type { Issuer } from "./issuer.ts";
import type { OAuthParts } from "./parts.ts";
import { TakenFlow } from "./taken-flow.ts";
import { requestTokens, tokensOf } from "./token-request.ts";

/** What comes back from an authorization server, and who brings it. */
export interface AuthorizationCallback extends AbortableOptions {
  /** The whole URL that the person was sent back to: its path says whose answer it is. */
  readonly callback: URL;
  /** Who the host knows the person to be; whoever began the flow has to be who ends it. A session says nothing. */
  readonly principal: Pick<Principal, "workspace" | "user">;
  /** The server whose provider is asked; a flow of another one is not finished. Defaults to whichever the flow is for. */
  readonly server?: ServerId | undefined;
}

/** A flow that has come to a grant. */
export interface Completed {
  readonly flow: Flow;
  readonly grant: Grant;
}

/** Keeps a grant, unless `isStillOpen` says that its flow was ended meanwhile: then it is nobody's. */
export type Keep = (flow: Flow, grant: Grant, isStillOpen: () => Promise<boolean>) => Promise<void>;

/** Ends flows: each once, by whoever began it, with an answer of the issuer that was asked. */
export class Completion {
  readonly #parts: OAuthParts;
  readonly #discovery: Discovery;
  readonly #clients: Clients;
  readonly #flows: Flows;
  readonly #running = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(parts: OAuthParts, discovery: Discovery, clients: Clients, flows: Flows) {
    this.#parts = parts;
    this.#discovery = discovery;
    this.#clients = clients;
    this.#flows = flows;
  }

  /**
   * Redeems the code of a callback and has the grant kept. Rejects with `ARGUMENT_INVALID`, and tells nothing, where there
   * is no such flow for this principal, and with `CREDENTIAL_FAILED` where the issuer gives no grant; where the error is
   * retryable and nothing was used up, the same callback can be finished later. An abort ends the caller's wait only.
   */
  async complete({ signal, ...given }: AuthorizationCallback, keep: Keep): Promise<Completed> {
    signal?.throwIfAborted();
    if (this.#isClosed)
      throw new TenantryError("CLOSED", "The provider has been closed; finish it with a new one.");
    const work = this.#finish(given, keep);
    this.#running.add(work);
    const forget = () => void this.#running.delete(work);
    work.then(forget, forget);
    return raceAbort(work, signal);
  }

  /** Waits for what is being finished, so that no grant is lost; nothing is finished after it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#running);
  }

  async #finish(given: Omit<AuthorizationCallback, "signal">, keep: Keep): Promise<Completed> {
    const { callback, principal, server } = given;
    const answer = readCallback(callback);
    const row = await this.#flows.find(principal, answer.state);
    if (row === undefined || (server ?? row.flow.server) !== row.flow.server) throw unfinishable();
    const { flow } = row;
    if (!isServed(this.#parts.options.issuer, flow.issuer)) throw changed(flow);
    // What somebody else has sent ends nothing.
    checkSender(callback, answer, flow);
    const { store, clock, options } = this.#parts;
    const taken = await TakenFlow.take(store, row, clock.now() + 4 * options.limits.requestTimeoutMs);
    if (taken === undefined) throw unfinishable();
    const grant = await this.#grantFor(row, answer, taken);
    await keep(flow, grant, () => taken.end());
    return { flow, grant };
  }

  async #grantFor({ flow }: FlowRow, answer: CallbackAnswer, taken: TakenFlow): Promise<Grant> {
    try {
      return await this.#redeem(flow, codeOf(answer, flow));
    } catch (failure) {
      const isRepeatable = failure instanceof TenantryError && failure.retryable && isUnused(failure);
      // Where that cannot be written the row ends by itself, and the failure is what the person has to know.
      await (isRepeatable ? taken.putBack() : taken.end()).catch(() => {});
      throw failure;
    }
  }

  /** The access token request (OAuth 2.1, section 4.1.3), to the issuer that the flow has recorded and no other. */
  async #redeem(flow: Flow, code: string): Promise<Grant> {
    const { http, options } = this.#parts;
    const { issuer, client } = await this.#prepare(flow);
    if (client === undefined || issuer.name !== flow.issuerName) throw changed(flow);
    const answer = await requestTokens(http, {
      issuer,
      client,
      grantType: "authorization_code",
      parameters: {
        code,
        redirect_uri: flow.redirectUri,
        code_verifier: flow.verifier,
        resource: flow.resource,
      },
      signal: undefined,
      proofKey: flow.proofKey,
    });
    const isForgotten = "refused" in answer && answer.refused === "invalid_client";
    if (isForgotten && options.client === undefined) await this.#clients.forget(flow.issuer, client.id);
    return grantOf(flow, tokensOf(answer), this.#parts);
  }

  /** Finds out where the code goes; a failure says that it has not been sent. */
  async #prepare(flow: Flow): Promise<{ readonly issuer: Issuer; readonly client: OAuthClient | undefined }> {
    const { clock, options } = this.#parts;
    const timeoutMs = options.limits.requestTimeoutMs;
    const what = `The metadata of ${quote(flow.issuer)} did not come within ${timeoutMs} ms; try again.`;
    const expired = () => new TenantryError("TIMEOUT", what, { retryable: true });
    try {
      return await withDeadline({ clock, timeoutMs, keepAlive: true, expired }, async (signal) => {
        const issuer = await this.#discovery.issuer(flow.issuer, flow.isLegacy, { signal });
        return { issuer, client: await this.#clients.byId(issuer, flow.clientId) };
      });
    } catch (failure) {
      throw failure instanceof TenantryError ? withDetails(failure, { delivery: "unsent" }) : failure;
    }
  }
}

function changed({ issuer, server, slot }: Flow): TenantryError {
  const what = `The authorization server ${quote(issuer)}, or the client that it knows, has changed meanwhile`;
  return new TenantryError("CREDENTIAL_FAILED", `${what}; begin the authorization again.`, { server, slot });
}
