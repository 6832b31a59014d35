import { quote, TenantryError, type AbortableOptions, type Principal, type ServerId } from "@tenantry/core";
import type { Grant } from "../grants/grant.ts";
import { checkSender, codeOf, isOwner, readCallback, unfinishable } from "./callback.ts";
import { isServed, type Clients } from "./clients.ts";
import type { Discovery } from "./discovery.ts";
import type { Flow, Flows } from "./flows.ts";
import { grantOf } from "./grant-of.ts";
import type { OAuthParts } from "./parts.ts";
import { requestTokens, tokensOf } from "./token-request.ts";

/** What comes back from an authorization server, and who brings it. */
export interface AuthorizationCallback extends AbortableOptions {
  /** The whole URL that the person was sent back to: its path says whose answer it is. */
  readonly callback: URL;
  /** Who the host knows the person to be; whoever began the flow has to be who ends it. */
  readonly principal: Principal;
}

/** A flow that has come to a grant. */
export interface Completed {
  readonly flow: Flow;
  readonly grant: Grant;
}

/** Ends flows: each once, by whoever began it, with an answer of the issuer that was asked. */
export class Completion {
  readonly #parts: OAuthParts;
  readonly #discovery: Discovery;
  readonly #clients: Clients;
  readonly #flows: Flows;

  constructor(parts: OAuthParts, discovery: Discovery, clients: Clients, flows: Flows) {
    this.#parts = parts;
    this.#discovery = discovery;
    this.#clients = clients;
    this.#flows = flows;
  }

  /**
   * Redeems the code of a callback. Rejects with `ARGUMENT_INVALID`, and tells nothing, where there is no such flow for
   * this principal, and with `CREDENTIAL_FAILED` where the issuer gives no grant.
   */
  async complete({ callback, principal, signal }: AuthorizationCallback): Promise<Completed> {
    const answer = readCallback(callback);
    const found = await this.#flows.find(answer.state);
    if (
      found === undefined ||
      found.flow.slot !== this.#parts.options.slot ||
      !isOwner(found.flow, principal)
    )
      throw unfinishable();
    const { flow } = found;
    if (!isServed(this.#parts.options.issuer, flow.issuer)) throw changed(flow);
    checkSender(callback, answer, flow);
    if (!(await found.take())) throw unfinishable();
    const grant = await this.#redeem(flow, codeOf(answer, flow), signal);
    return { flow, grant };
  }

  /** The access token request (OAuth 2.1, section 4.1.3), to the issuer that the flow has recorded and no other. */
  async #redeem(flow: Flow, code: string, signal: AbortSignal | undefined): Promise<Grant> {
    const { http, clock } = this.#parts;
    const issuer = await this.#discovery.issuer(flow.issuer, flow.isLegacy, { signal });
    const client = await this.#clients.byId(issuer, flow.clientId);
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
      signal,
      proofKey: flow.proofKey,
    });
    const isForgotten = "refused" in answer && answer.refused === "invalid_client";
    if (isForgotten && this.#parts.options.client === undefined)
      await this.#clients.forget(flow.issuer, client.id);
    return grantOf(flow, tokensOf(answer), clock);
  }
}

function changed({
  issuer,
  server,
  slot,
}: {
  readonly issuer: string;
  readonly server: ServerId;
  readonly slot: string;
}) {
  const what = `The authorization server ${quote(issuer)}, or the client that it knows, has changed meanwhile`;
  return new TenantryError("CREDENTIAL_FAILED", `${what}; begin the authorization again.`, { server, slot });
}
