import type {
  AbortableOptions,
  Clock,
  CredentialProvider,
  Principal,
  ServerId,
  Store,
  WorkspaceId,
} from "@tenantry/core";
import {
  endAuthorizations,
  flowServer,
  isOAuthProvider,
  unfinishable,
  type Authorized,
  type OAuthProvider,
  type Withdrawn,
} from "@tenantry/credentials/oauth";
import { orRevoke } from "./end-access.ts";
import { storeInTime } from "./store-in-time.ts";

/** Gives the providers of a workspace's servers; rejects as the store does. */
export type ProvidersOf = (
  workspace: WorkspaceId,
) => Promise<ReadonlyMap<ServerId, readonly CredentialProvider[]>>;

/** Leads callbacks and disconnections to the provider that they concern. */
export class Authorizations {
  readonly #store: Pick<Store, "flows" | "credentials">;
  readonly #clock: Clock;
  readonly #providersOf: ProvidersOf;

  constructor(store: Pick<Store, "flows" | "credentials">, clock: Clock, providersOf: ProvidersOf) {
    this.#store = store;
    this.#clock = clock;
    this.#providersOf = providersOf;
  }

  /** Finishes the flow of a callback; whose it is, its provider checks. */
  async finish(callback: URL, principal: Principal, { signal }: AbortableOptions): Promise<Authorized> {
    const work = async () => {
      const server = await flowServer(this.#store, principal, callback);
      return { server, provider: server && (await this.#oauthOf(principal.workspace, server)) };
    };
    const { server, provider } = await storeInTime(this.#clock, work, { signal });
    if (server === undefined || provider === undefined) throw unfinishable();
    return provider.finishAuthorization({ callback, principal, server, signal });
  }

  /**
   * Takes what a person has granted to one server out of the store, also where that is no longer defined; `revoke` has the
   * issuer end it, and says `false` where something of it is left to end by itself.
   */
  async withdraw(principal: Principal, server: ServerId): Promise<Withdrawn> {
    // Where nobody can tell what is defined, what is stored is taken all the same.
    const provider = await this.#oauthOf(principal.workspace, server).catch(() => undefined);
    // What a provider in trouble leaves is taken next, although its issuer then hears of nothing.
    const taken = await provider?.withdraw({ principal, server }).catch(() => undefined);
    const left = await orRevoke(taken, () => endAuthorizations(this.#store, { principal, server }));
    return Object.freeze({
      removed: taken?.removed === true || left > 0,
      revoke: async (options: AbortableOptions = {}) => (await taken?.revoke(options)) === true && left === 0,
    });
  }

  /** Takes whatever a person has granted to the servers of a workspace, as far as the store lets it. */
  async withdrawAll(principal: Principal): Promise<Withdrawn> {
    const servers = await this.#providersOf(principal.workspace).then(
      (providers) => [...providers.keys()],
      () => [],
    );
    const each = await Promise.allSettled(servers.map((server) => this.withdraw(principal, server)));
    const taken = each.filter((one) => one.status === "fulfilled").map(({ value }) => value);
    return Object.freeze({
      removed: taken.some(({ removed }) => removed),
      revoke: async (options: AbortableOptions = {}) =>
        (await Promise.all(taken.map(({ revoke }) => revoke(options)))).every(Boolean),
    });
  }

  async #oauthOf(workspace: WorkspaceId, server: ServerId): Promise<OAuthProvider | undefined> {
    return (await this.#providersOf(workspace)).get(server)?.find(isOAuthProvider);
  }
}
