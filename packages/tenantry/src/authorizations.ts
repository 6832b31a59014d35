import type {
  AbortableOptions,
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
  type Disconnected,
  type OAuthProvider,
} from "@tenantry/credentials/oauth";

/** Gives the providers of a workspace's servers; rejects as the store does. */
export type ProvidersOf = (
  workspace: WorkspaceId,
) => Promise<ReadonlyMap<ServerId, readonly CredentialProvider[]>>;

/** Leads callbacks and disconnections to the provider that they concern. */
export class Authorizations {
  readonly #store: Pick<Store, "flows" | "credentials">;
  readonly #providersOf: ProvidersOf;

  constructor(store: Pick<Store, "flows" | "credentials">, providersOf: ProvidersOf) {
    this.#store = store;
    this.#providersOf = providersOf;
  }

  /** Finishes the flow of a callback; whose it is, its provider checks. */
  async finish(callback: URL, principal: Principal, { signal }: AbortableOptions): Promise<Authorized> {
    const server = await flowServer(this.#store, principal, callback);
    const provider = server && (await this.#oauthOf(principal.workspace, server));
    if (provider === undefined) throw unfinishable();
    return provider.finishAuthorization({ callback, principal, server, signal });
  }

  /**
   * Ends what a person has granted to one server, also where that is no longer defined; `removed` is `false` where there was
   * nothing, `revoked` where something of it is left to end by itself.
   */
  async disconnect(
    principal: Principal,
    server: ServerId,
    { signal }: AbortableOptions,
  ): Promise<Disconnected> {
    // Where nobody can tell what is defined, what is stored is ended all the same.
    const provider = await this.#oauthOf(principal.workspace, server).catch(() => undefined);
    const ended = await provider?.disconnect({ principal, server, signal });
    const left = await endAuthorizations(this.#store, { principal, server });
    return Object.freeze({
      removed: ended?.removed === true || left > 0,
      revoked: ended?.revoked === true && left === 0,
    });
  }

  /** Ends whatever a person has granted in a workspace, as far as stores and issuers can be reached. */
  async disconnectAll(principal: Principal): Promise<void> {
    const servers = [...(await this.#providersOf(principal.workspace)).keys()];
    await Promise.allSettled(servers.map(async (server) => this.disconnect(principal, server, {})));
  }

  async #oauthOf(workspace: WorkspaceId, server: ServerId): Promise<OAuthProvider | undefined> {
    return (await this.#providersOf(workspace)).get(server)?.find(isOAuthProvider);
  }
}
