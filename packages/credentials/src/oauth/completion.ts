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
import type { Flow, FlowOwner, FlowRow, Flows } from "./flows.ts";
import { grantOf } from "./grant-of.ts";
import { inTime } from "./in-time.ts";
import type { Issuer } from "./issuer.ts";
import type { OAuthParts } from "./parts.ts";
import { canGoOn, type Settlement } from "./settlement.ts";
import { TakenFlow } from "./taken-flow.ts";
import { requestTokens, tokensOf } from "./token-request.ts";
import { UnfinishedFlows, type Unfinished, type Ungiven } from "./unfinished.ts";

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
  /** What the flow has brought. */
  readonly grant: Grant;
  /** What the person has now; another one where that was begun later. */
  readonly kept: Grant;
}

/** What becomes of the grants that flows come to. */
export type Keeping = Pick<Settlement, "keep" | "letGo">;

/** Ends flows: each once, by whoever began it, with an answer of the issuer that was asked. */
export class Completion {
  readonly #parts: OAuthParts;
  readonly #discovery: Discovery;
  readonly #clients: Clients;
  readonly #flows: Flows;
  readonly #keeping: Keeping;
  readonly #unfinished: UnfinishedFlows;
  readonly #running = new Set<Promise<unknown>>();
  /** The flows among them, once it is known that they are the caller's. */
  readonly #busy = new Set<string>();
  #isClosed = false;

  constructor(parts: OAuthParts, discovery: Discovery, clients: Clients, flows: Flows, keeping: Keeping) {
    this.#parts = parts;
    this.#discovery = discovery;
    this.#clients = clients;
    this.#flows = flows;
    this.#keeping = keeping;
    this.#unfinished = new UnfinishedFlows(parts.clock, ({ flow, grant, taken }) =>
      keeping.letGo(flow, grant, taken),
    );
  }

  /**
   * Redeems the code of a callback and has the grant kept. Rejects with `ARGUMENT_INVALID`, and tells nothing, where there
   * is no such flow for this principal, with `CREDENTIAL_FAILED` where the issuer gives no grant, and with `TIMEOUT` where
   * the store does not answer; where the error is retryable, the same callback can be finished later. An abort ends the
   * caller's wait only.
   */
  async complete({ signal, ...given }: AuthorizationCallback): Promise<Completed> {
    signal?.throwIfAborted();
    if (this.#isClosed)
      throw new TenantryError("CLOSED", "The provider has been closed; finish it with a new one.");
    return raceAbort(this.#track(this.#finish(given)), signal);
  }

  /** Has what a person has left unfinished at a server ended beside whoever calls: the person has disconnected. */
  leave(owner: FlowOwner): void {
    void this.#track(this.#unfinished.dropOf(owner));
  }

  /** Waits for what is being finished, so that no grant is lost, but for no hanging store; nothing is finished after it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const { clock } = this.#parts;
    const work = Promise.allSettled(this.#running);
    const expired = () => new TenantryError("TIMEOUT", "An authorization was not finished in time.");
    const options = { clock, timeoutMs: this.#finishTimeoutMs, keepAlive: true, expired };
    await withDeadline(options, () => work).catch(() => {});
    await this.#unfinished.close();
  }

  /** Has {@link close} wait for it. */
  #track<T>(work: Promise<T>): Promise<T> {
    const over = () => void this.#running.delete(work);
    this.#running.add(work);
    work.then(over, over);
    return work;
  }

  /** How long finishing takes at most, with requests and a store that are as slow as may be. */
  get #finishTimeoutMs(): number {
    return 4 * this.#parts.options.limits.requestTimeoutMs;
  }

  async #finish({ callback, principal, server }: Omit<AuthorizationCallback, "signal">): Promise<Completed> {
    const answer = readCallback(callback);
    const id = JSON.stringify([principal.workspace, principal.user, answer.state]);
    const { name } = this.#unfinished.get(id) ?? {};
    const row = await inTime(this.#parts, () => this.#flows.find(principal, answer.state, name));
    // Who has not asked under its name has found it taken, and whoever has taken it may go on with it.
    if (row === undefined && name !== undefined) await this.#unfinished.drop(id);
    if (row === undefined || (server ?? row.flow.server) !== row.flow.server) throw unfinishable();
    const { flow } = row;
    if (!isServed(this.#parts.options.issuer, flow.issuer)) throw changed(flow);
    // What somebody else has sent ends nothing.
    checkSender(callback, answer, flow);
    if (this.#busy.has(id)) throw unfinishable();
    this.#busy.add(id);
    try {
      return await this.#goOn(id, row, answer);
    } finally {
      this.#busy.delete(id);
    }
  }

  /** Goes on with what is left of an earlier time, or begins. */
  async #goOn(id: string, row: FlowRow, answer: CallbackAnswer): Promise<Completed> {
    const { flow, expiresAt } = row;
    const before = this.#unfinished.get(id);
    const name = before?.name ?? crypto.randomUUID();
    const ungiven = before?.ungiven ?? (await this.#begin(id, { row, name }, answer));
    const { grant, taken } = ungiven;
    const kept = await this.#orLater(id, { name, ungiven, expiresAt }, () =>
      this.#keeping.keep(flow, grant, taken),
    );
    return { flow, grant, kept };
  }

  async #begin(
    id: string,
    { row, name }: { readonly row: FlowRow; readonly name: string },
    answer: CallbackAnswer,
  ): Promise<Ungiven> {
    const { store, clock } = this.#parts;
    const { flow, expiresAt } = row;
    const until = clock.now() + this.#finishTimeoutMs;
    const taken = await this.#orLater(id, { name, expiresAt }, () =>
      inTime(this.#parts, () => TakenFlow.take(store, row, { name, until })),
    );
    if (taken === undefined) throw unfinishable();
    try {
      return { flow, taken, grant: await this.#redeem(flow, codeOf(answer, flow)) };
    } catch (failure) {
      const isRepeatable = canGoOn(failure) && isUnused(failure);
      // Where the row cannot be changed it ends by itself, and the failure is what the person has to know.
      const change = inTime(this.#parts, async () => (isRepeatable ? taken.putBack() : taken.end()));
      await change.catch(() => isRepeatable && this.#remember(id, { name, expiresAt }));
      if (isRepeatable || !(failure instanceof TenantryError)) throw failure;
      throw withDetails(failure, { retryable: false });
    }
  }

  /** Does what a store in trouble may keep from being done, so that this process can go on with it later. */
  async #orLater<T>(id: string, unfinished: Unfinished, work: () => Promise<T>): Promise<T> {
    this.#unfinished.forget(id);
    try {
      return await work();
    } catch (failure) {
      if (canGoOn(failure)) this.#remember(id, unfinished);
      throw failure;
    }
  }

  #remember(id: string, unfinished: Unfinished): void {
    this.#unfinished.add(id, unfinished);
    if (this.#isClosed) void this.#unfinished.drop(id);
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
    if (isForgotten && options.client === undefined)
      await inTime(this.#parts, () => this.#clients.forget(flow.issuer, client.id)).catch(() => {});
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
