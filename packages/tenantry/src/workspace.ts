import { principalOf, quote, raceAbort, serverId, TenantryError } from "@tenantry/core";
import type {
  AbortableOptions,
  CatalogClient,
  Clock,
  Store,
  WorkspaceClient,
  WorkspaceId,
} from "@tenantry/core";
import type { Authorized, Disconnected } from "@tenantry/credentials/oauth";
import type { Pool } from "@tenantry/pool";
import type { WorkspaceRouter } from "@tenantry/router";
import type { Authorizations } from "./authorizations.ts";
import { endAccess, orRevoke } from "./end-access.ts";

/** A user by name, or a user's one conversation. */
export type UserAddress = string | { readonly user: string; readonly session?: string | undefined };

/** One workspace: its servers, and whoever uses them. */
export interface Workspace {
  readonly id: WorkspaceId;
  /**
   * Acts as one user. Nothing is opened before the first call that needs it; `context`, a plain object, is what
   * credentials are resolved from, and goes nowhere else. Throws `PRINCIPAL_INVALID` for a missing or malformed user
   * and for a key of the address that there is not, `ARGUMENT_INVALID` for a malformed context.
   */
  as(user: UserAddress, context?: object): WorkspaceClient;
  /** Lists what there is before there is a user, under each definition's own `discovery` credential. */
  discovery(): CatalogClient;
  /**
   * Finishes what a person has granted in the browser: `callback` is the URL that the person was sent back to, and `user`
   * who the host knows the browser to be, which has to be who was sent away. Rejects with `ARGUMENT_INVALID`, telling
   * nothing, for an authorization that is unknown, over or somebody else's, and with `CREDENTIAL_FAILED` where nothing was
   * granted. Where the error is retryable, as the `TIMEOUT` of a store that does not answer, the same callback can be
   * finished later. The handler of `tenantry/http` calls it.
   */
  finishAuthorization(user: UserAddress, callback: URL, options?: AbortableOptions): Promise<Authorized>;
  /**
   * Forgets what a user has granted to a server, closes the connections that carry it, and then asks its issuer to end what
   * was there, for as long as one request may take. An abort ends the caller's wait only. Rejects as the store does, and with
   * `TIMEOUT` where it does not answer; the connections are closed then too.
   */
  disconnect(user: string, server: string, options?: AbortableOptions): Promise<Disconnected>;
  /**
   * Erases a person: what is stored of the user, audit entries apart, and every connection and session; an authorization
   * that is being finished comes to nothing. After that issuers are asked to end what the user had granted, all at once and
   * for as long as one request may take; they need not answer. Rejects as {@link Workspace.disconnect} does.
   */
  forget(user: string): Promise<void>;
}

/** What a workspace needs of its instance. */
export interface WorkspaceParts {
  readonly authorizations: Authorizations;
  readonly store: Pick<Store, "erase">;
  readonly pool: Pick<Pool<never>, "revoke">;
  readonly clock: Clock;
}

/** Gives a workspace that does everything for the user that it is told of, and for nobody else. */
export function openWorkspace(
  id: WorkspaceId,
  routed: WorkspaceRouter,
  { authorizations, store, pool, clock }: WorkspaceParts,
): Workspace {
  const principal = (user: UserAddress) => principalOf({ workspace: id, ...addressOf(user) });
  return Object.freeze<Workspace>({
    id,
    as: (user, context = {}) => routed.as(principal(user), context),
    discovery: () => routed.discovery(),
    finishAuthorization: async (user, callback, options = {}) =>
      authorizations.finish(callback, principal(user), options),
    async disconnect(name, given, options = {}) {
      const [owner, server] = [principal(name), serverId(given)];
      const { signal } = options;
      signal?.throwIfAborted();
      const selection = { workspace: id, user: owner.user, server };
      const ending = endAccess({ pool, clock, selection }, () => authorizations.withdraw(owner, server));
      const ended = ending.then(async ({ removed, revoke }) =>
        Object.freeze({ removed, revoked: await revoke() }),
      );
      return raceAbort(ended, signal);
    },
    async forget(name) {
      const person = principal(name);
      const selection = { workspace: id, user: person.user };
      const taken = await endAccess({ pool, clock, selection }, async () => {
        const all = await authorizations.withdrawAll(person);
        await orRevoke(all, () => store.erase(selection));
        return all;
      });
      await taken.revoke();
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
