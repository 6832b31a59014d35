import { quote, TenantryError, type CredentialRequest } from "@tenantry/core";
import type { Grant } from "../grants/grant.ts";
import type { Authorizations } from "./authorization.ts";
import type { Asked, AskingServers } from "./challenge.ts";
import { personOf } from "./person.ts";
import type { ServerPlace } from "./places.ts";
import { unionOf } from "./scopes.ts";

/** What a request without a usable grant wants of the person. */
export interface Demand {
  readonly asked: Asked | undefined;
  /** What may go on being used, with all that it allows. */
  readonly grant?: Grant | undefined;
  /** What there is, whether it is of use or not. */
  readonly there: Grant | undefined;
  /** What the server wants beyond what has been granted; absent: nothing has been. */
  readonly stepUp?: readonly string[] | undefined;
  /** Whether the server has just refused what there was, so that it may have another issuer by now. */
  readonly looksAgain: boolean;
}

/** Asks people to grant access, by the error that their call ends with. */
export class GrantDemands {
  readonly #slot: string;
  readonly #authorizations: Authorizations;
  readonly #asking: AskingServers;

  constructor(slot: string, authorizations: Authorizations, asking: AskingServers) {
    this.#slot = slot;
    this.#authorizations = authorizations;
    this.#asking = asking;
  }

  /**
   * Gives the `AUTHORIZATION_REQUIRED` with the page on which access is granted, with all that had been granted before.
   * Rejects as {@link Authorizations.begin} does.
   */
  async of(request: CredentialRequest, place: ServerPlace, demand: Demand): Promise<TenantryError> {
    const { asked, stepUp } = demand;
    const { server, rejected } = request;
    const authorizationUrl = await this.#pageFor(request, place, demand);
    // Only what has led to a page is believed for everybody.
    if (asked && rejected && rejected.generation === undefined) this.#asking.add(server, asked);
    const why = stepUp ? "wants more than has been granted" : "has to be granted access to";
    const what = `The server ${quote(server.id)} ${why}; send the person to authorizationUrl, then call again.`;
    const details = { server: server.id, slot: this.#slot, authorizationUrl };
    return new TenantryError("AUTHORIZATION_REQUIRED", what, details);
  }

  async #pageFor(request: CredentialRequest, { url }: ServerPlace, demand: Demand): Promise<URL> {
    const { asked, grant, there, stepUp, looksAgain } = demand;
    const { signal } = request;
    const scopes = unionOf(grant?.scopes ?? [], asked?.scopes ?? []);
    const challenged = asked?.resourceMetadata;
    const wish = { ...personOf(request), after: there?.begunAt, url, scopes, stepUp, challenged, looksAgain };
    try {
      return await this.#authorizations.begin(wish, { signal });
    } catch (failure) {
      // What it asked for leads nowhere, and the next one who is refused may hear something else.
      if (!signal?.aborted) this.#asking.delete(request.server);
      throw failure;
    }
  }
}
