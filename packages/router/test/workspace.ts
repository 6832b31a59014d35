import {
  principalOf,
  type CredentialProvider,
  type Context,
  type ServerId,
  type Upstream,
  type WorkspaceId,
} from "@tenantry/core";
import { createRouter, type RoutedServer, type RouterLimits } from "../src/index.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemoryPool, type MemoryServer } from "./memory-pool.ts";

/** The router opens nothing: whoever borrows an endpoint in these tests has found a defect. */
const upstream: Upstream = { endpoint: () => Promise.reject(new Error("The router opened an endpoint.")) };

/** How one server of a test differs from a plain one. */
export type ServerSetup = MemoryServer & { readonly routed?: Partial<RoutedServer> };

/** A workspace `acme` over servers in memory, its clock standing still. */
export function workspace(
  servers: Readonly<Record<string, ServerSetup>>,
  limits: Partial<RouterLimits> = {},
) {
  const clock = new ManualClock();
  const pool = new MemoryPool(servers);
  const routed = Object.entries(servers).map(([id, { routed: given }]): RoutedServer => {
    return { ref: { id: id as ServerId, digest: id }, share: "user", upstream, ...given };
  });
  const router = createRouter({ pool, clock, limits }).workspace("acme" as WorkspaceId, routed);
  const as = (user: string, context: Context = {}) =>
    router.as(principalOf({ workspace: "acme", user }), context);
  return { clock, pool, router, as };
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
