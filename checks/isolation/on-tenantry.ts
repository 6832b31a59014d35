import type { IsolationHost, IsolationSubject, OpenSubject } from "@tenantry/testing/isolation";
import { bearer, createTenantry, fromFunction, type Workspace } from "tenantry";

/** The one server's id. */
export const server = "notes";

type Client = ReturnType<Workspace["as"]>;

/** What an adapter's subject is made from. */
export interface App {
  /** A user's client. */
  as(user: string): Client;
  /** What lists tools before there is a user. */
  readonly catalog: ReturnType<Workspace["discovery"]>;
}

/** The part of a subject that an adapter does. */
export type Adapted = Pick<OpenSubject, "listTools" | "callTool"> & { close?(): Promise<void> };

/** A subject of one instance of Tenantry for all users, with `adapt` above it. */
export function onTenantry(name: string, adapt: (app: App) => Adapted | Promise<Adapted>): IsolationSubject {
  return {
    name,
    async open(host) {
      const { tenantry, forgetKey } = startTenantry(host);
      const acme = tenantry.workspace("acme");
      const as = (user: string) => acme.as(user);
      const adapted = await adapt({ as, catalog: acme.discovery() });
      const holds = (user: string) =>
        tenantry
          .stats()
          .entries.some(
            ({ scope, state }) => scope.share === "user" && scope.user === user && state !== "parked",
          );
      return {
        listTools: (user) => adapted.listTools(user),
        callTool: (...call) => adapted.callTool(...call),
        rotate: async (user) => forgetKey(user),
        watch: async (user, changed) => {
          const { unavailable } = await as(user).subscribe({ tools: true }, changed);
          if (unavailable[0]) throw unavailable[0].error;
        },
        async evict(user) {
          const before = holds(user);
          await as(host.spare).listTools({ fresh: true });
          return before && !holds(user);
        },
        async close() {
          await adapted.close?.();
          await tenantry.close();
        },
      };
    },
  };
}

function startTenantry({ url, keyOf, spare }: IsolationHost) {
  // The host's own store of keys: one is read again when it was refused, or when the host hears of another.
  const keys = new Map<string, string | undefined>();
  const credential = bearer(
    fromFunction(({ scope, rejected }) => {
      if (scope.share !== "user") return undefined;
      if (rejected !== undefined || !keys.has(scope.user)) keys.set(scope.user, keyOf(scope.user));
      return keys.get(scope.user);
    }),
  );
  const discovery = bearer(fromFunction(() => keyOf(spare)));
  const tenantry = createTenantry({
    servers: { [server]: { url, credential, discovery } },
    // Room for the two users: a third has it at the cost of whoever is idle.
    limits: { maxConnectionsPerWorkspace: 2 },
  });
  return { tenantry, forgetKey: (user: string) => void keys.delete(user) };
}
