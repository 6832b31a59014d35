import { principalOf, quote, serverId, TenantryError } from "@tenantry/core";
import type {
  AbortableOptions,
  CatalogClient,
  ClientOptions,
  Store,
  WorkspaceClient,
  WorkspaceId,
} from "@tenantry/core";
import type { Authorized, Disconnected } from "@tenantry/credentials/oauth";
import type { Pool } from "@tenantry/pool";
import type { Router, WorkspaceRouter } from "@tenantry/router";
import type { Authorizations } from "./authorizations.ts";

/** A user by name, or a user's one conversation. */
export type UserAddress = string | { readonly user: string; readonly session?: string | undefined };

/** One workspace: its servers, and whoever uses them. */
export interface Workspace {
  readonly id: WorkspaceId;
  /**
   * Acts as one user. Nothing is opened before the first call that needs it; `context`, a plain object, is what
   * credentials are resolved from, and goes nowhere else; `options` are what each of this client's calls is given that
   * does not bring its own. Throws `PRINCIPAL_INVALID` for a missing or malformed user and for a key of the address that
   * there is not, `ARGUMENT_INVALID` for a malformed context or malformed options.
   */
  as(user: UserAddress, context?: object, options?: ClientOptions): WorkspaceClient;
  /** Lists what there is before there is a user, under each definition's own `discovery` credential. */
  discovery(): CatalogClient;
  /**
   * Finishes what a person has granted in the browser: `callback` is the URL that the person was sent back to, and `user`
   * who the host knows the browser to be, which has to be who was sent away. Rejects with `ARGUMENT_INVALID`, telling
   * nothing, for an authorization that is unknown, over or somebody else's, and with `CREDENTIAL_FAILED` where nothing was
   * granted. Where the error is retryable, the same callback can be finished later. The handler of `tenantry/http` calls it.
   */
  finishAuthorization(user: UserAddress, callback: URL, options?: AbortableOptions): Promise<Authorized>;
  /** Forgets what a user has granted to a server, asks its issuer to end it, and closes the connections that carry it. */
  disconnect(user: string, server: string, options?: AbortableOptions): Promise<Disconnected>;
  /**
   * Erases a person: what is stored of the user, audit entries apart, and every connection and session; an authorization
   * that is being finished comes to nothing. Issuers are asked to end what the user has granted, and need not answer.
   */
  forget(user: string): Promise<void>;
}

/** What a workspace needs of its instance. */
export interface WorkspaceParts {
  readonly authorizations: Authorizations;
  readonly store: Pick<Store, "erase">;
  readonly pool: Pick<Pool<never>, "revoke">;
  readonly router: Pick<Router, "forget">;
}

/** Gives a workspace that does everything for the user that it is told of, and for nobody else. */
export function openWorkspace(
  id: WorkspaceId,
  routed: WorkspaceRouter,
  { authorizations, store, pool, router }: WorkspaceParts,
): Workspace {
  const principal = (user: UserAddress) => principalOf({ workspace: id, ...addressOf(user) });
  return Object.freeze<Workspace>({
    id,
    as: (user, context = {}, options = {}) => routed.as(principal(user), context, options),
    discovery: () => routed.discovery(),
    finishAuthorization: async (user, callback, options = {}) =>
      authorizations.finish(callback, principal(user), options),
    async disconnect(name, given, options = {}) {
      const [owner, server] = [principal(name), serverId(given)];
      const ended = await authorizations.disconnect(owner, server, options);
      await pool.revoke({ workspace: id, user: owner.user, server });
      await router.forget({ workspace: id, user: owner.user, server });
      return ended;
    },
    async forget(name) {
      const person = principal(name);
      const { user } = person;
      await authorizations.disconnectAll(person);
      await store.erase({ workspace: id, user });
      await pool.revoke({ workspace: id, user });
      await router.forget({ workspace: id, user });
    },
  });
}

function addressOf(user: UserAddress): { user: unknown; session?: unknown } {
  if (typeof user !== "object" || user === null) return { user };
  // A misspelt session would put two conversations into one.
  const unknown = Object.keys(user).find((key) => key !== "user" && key !== "session");
  if (unknown === undefined) return { user: user.user, session: user.session };
  const message = `A user has no ${quote(unknown)}; give a name, or { user, session }.`;
  throw new TenantryError("PRINCIPAL_INVALID", message);
}
