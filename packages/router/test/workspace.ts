import {
  principalOf,
  type CredentialProvider,
  type Context,
  type ServerId,
  type ServerRef,
  type Upstream,
  type WorkspaceId,
} from "@tenantry/core";
import {
  createRouter,
  type RoutedServer,
  type RouterLimits,
  type RouterOptions,
  type WorkspaceShape,
} from "../src/index.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemoryPool, type MemoryServer } from "./memory-pool.ts";

/** The router opens nothing: whoever borrows an endpoint in these tests has found a defect. */
const upstream: Upstream = { endpoint: () => Promise.reject(new Error("The router opened an endpoint.")) };

/** A server that is one and the same for everybody, at a URL. */
export function remoteRef(id: string): ServerRef {
  return { id: id as ServerId, digest: id, url: `https://${id}.example.com/mcp` };
}

/** How one server of a test differs from a plain one. */
export type ServerSetup = MemoryServer & { readonly routed?: Partial<RoutedServer> };

/** What a router of a test has beside its servers. */
export type MoreSetup = Pick<RouterOptions, "guards" | "lists" | "store"> & Pick<WorkspaceShape, "names">;

/** A workspace `acme` over servers in memory, its clock standing still. */
export function workspace(
  servers: Readonly<Record<string, ServerSetup>>,
  limits: Partial<RouterLimits> = {},
  { names, ...more }: MoreSetup = {},
) {
  const clock = new ManualClock();
  const pool = new MemoryPool(servers);
  const routed = Object.entries(servers).map(([id, { routed: given }]): RoutedServer => {
    return { ref: { id: id as ServerId, digest: id }, share: "user", upstream, ...given };
  });
  const all = createRouter({ pool, clock, limits, ...more });
  const router = all.workspace("acme" as WorkspaceId, routed, { names });
  const as = (user: string, context: Context = {}) =>
    router.as(principalOf({ workspace: "acme", user }), context);
  return { all, clock, pool, router, as };
}

/** A credential whose subject is the `token` of the asking context; it fails as told where there is none. */
export function fromToken(missing: Error): CredentialProvider {
  return {
    async resolve({ context }) {
      const { token } = context;
      if (typeof token !== "string") throw missing;
      return { subject: token, generation: "1", origins: [] };
    },
  };
}
