import type {
  AbortableOptions,
  CredentialProvider,
  Principal,
  ServerId,
  Store,
  WorkspaceId,
} from "@tenantry/core";
import {
  flowServer,
  isOAuthProvider,
  unfinishable,
  type Authorized,
  type Disconnected,
  type OAuthProvider,
} from "@tenantry/credentials/oauth";

/** Gives the providers of one server of a workspace; none where there is no such server. */
export type ProvidersOf = (workspace: WorkspaceId, server: ServerId) => readonly CredentialProvider[];

/** Leads callbacks and disconnections to the provider that they concern. */
export class Authorizations {
  readonly #store: Pick<Store, "flows">;
  readonly #providersOf: ProvidersOf;

  constructor(store: Pick<Store, "flows">, providersOf: ProvidersOf) {
    this.#store = store;
    this.#providersOf = providersOf;
  }

  /** Finishes the flow of a callback; whose it is, its provider checks. */
  async finish(callback: URL, principal: Principal, { signal }: AbortableOptions): Promise<Authorized> {
    const server = await flowServer(this.#store, principal, callback);
    const provider = server && this.#oauthOf(principal.workspace, server);
    if (provider === undefined) throw unfinishable();
    return provider.finishAuthorization({ callback, principal, server, signal });
  }

  /** Ends what a person has granted to one server; `removed` is `false` where there was nothing. */
  async disconnect(
    principal: Principal,
    server: ServerId,
    { signal }: AbortableOptions,
  ): Promise<Disconnected> {
    const provider = this.#oauthOf(principal.workspace, server);
    if (provider === undefined) return Object.freeze({ removed: false, revoked: false });
    return provider.disconnect({ principal, server, signal });
  }

  #oauthOf(workspace: WorkspaceId, server: ServerId): OAuthProvider | undefined {
    return this.#providersOf(workspace, server).find(isOAuthProvider);
  }
}
