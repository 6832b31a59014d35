import { principalOf, quote, raceAbort, serverId, TenantryError } from "@tenantry/core";
import type {
  AbortableOptions,
  CatalogClient,
  ClientOptions,
  Clock,
  ServerId,
  Store,
  UserId,
  WorkspaceClient,
  WorkspaceId,
} from "@tenantry/core";
import type { Authorized, Disconnected } from "@tenantry/credentials/oauth";
import type { Pool, Selection } from "@tenantry/pool";
import type { ApprovalDesk, LiveWorkspace, Router, WorkspaceServers } from "@tenantry/router";
import type { Authorizations } from "./authorizations.ts";
import { endAccess, orRevoke } from "./end-access.ts";

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
  /** The servers of this workspace, which change at run time; with a store, for every process that uses it. */
  readonly servers: WorkspaceServers;
  /** Where it is decided what may be used of these servers, where anything has to be approved. */
  readonly approvals: ApprovalDesk;
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
  readonly router: Pick<Router, "forget" | "approvals">;
  readonly clock: Clock;
}

/** Gives a workspace that does everything for the user that it is told of, and for nobody else. */
export function openWorkspace(
  id: WorkspaceId,
  routed: LiveWorkspace,
  { authorizations, store, pool, router, clock }: WorkspaceParts,
): Workspace {
  const principal = (user: UserAddress) => principalOf({ workspace: id, ...addressOf(user) });
  const access = (of: { readonly user: UserId; readonly server?: ServerId }) => {
    const selection = { workspace: id, ...of };
    const revoke = (selected: Selection) => {
      // What somebody was shown ends with the connection on which it was.
      void router.forget(selection).catch(() => {});
      return pool.revoke(selected);
    };
    return { pool: { revoke }, clock, selection };
  };
  return Object.freeze<Workspace>({
    id,
    as: (user, context = {}, options = {}) => routed.as(principal(user), context, options),
    servers: routed.servers,
    approvals: router.approvals(id),
    discovery: () => routed.discovery(),
    finishAuthorization: async (user, callback, options = {}) =>
      authorizations.finish(callback, principal(user), options),
    async disconnect(name, given, options = {}) {
      const [owner, server] = [principal(name), serverId(given)];
      const { signal } = options;
      signal?.throwIfAborted();
      const of = { user: owner.user, server };
      const ending = endAccess(access(of), async () => {
        const taken = await authorizations.withdraw(owner, server);
        await orRevoke(taken, () => router.forget({ workspace: id, ...of }));
        return taken;
      });
      const ended = ending.then(async ({ removed, revoke }) =>
        Object.freeze({ removed, revoked: await revoke() }),
      );
      return raceAbort(ended, signal);
    },
    async forget(name) {
      const person = principal(name);
      const { user } = person;
      const taken = await endAccess(access({ user }), async () => {
        const all = await authorizations.withdrawAll(person);
        await orRevoke(all, async () => {
          // What is being saved of lists is to be there when it is erased.
          await router.forget({ workspace: id, user });
          await store.erase({ workspace: id, user });
        });
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
