import { TenantryError } from "@tenantry/core";
import { createGateway, type Gateway, type GatewayOptions } from "@tenantry/gateway";
import { recentViews } from "./recent-views.ts";
import type { Tenantry } from "../tenantry.ts";

/** How MCP clients are served. */
export interface GatewayRouteOptions extends Omit<GatewayOptions, "connect" | "hosts" | "instance"> {
  /** Tells whom a request is made for, by what it brings with it, and leaves the body alone. */
  readonly authenticate: NonNullable<GatewayOptions["authenticate"]>;
  /** The host names, with or without a port, under which clients reach it; defaults to that of `publicUrl`. */
  readonly hosts?: readonly string[] | undefined;
}

/** Makes the gateway to an instance's workspaces; it ends with the instance. Throws `CONFIG_INVALID`. */
export function gatewayTo(tenantry: Tenantry, options: GatewayRouteOptions): Gateway {
  const { hosts = hostsOf(tenantry), authenticate } = options;
  if (typeof authenticate !== "function") {
    const why = "gateway needs `authenticate`, which tells whom a request is made for; give it.";
    throw new TenantryError("CONFIG_INVALID", why);
  }
  const gateway = createGateway({
    ...options,
    hosts,
    instance: tenantry.id,
    connect: recentViews(({ workspace, user, session, context, roles }) =>
      tenantry.workspace(workspace).as({ user, session }, context, { roles }),
    ),
  });
  tenantry.closing.addEventListener("abort", () => void gateway.close(), { once: true });
  return gateway;
}

function hostsOf({ publicUrl }: Tenantry): readonly string[] {
  if (publicUrl !== undefined) return [publicUrl.host];
  const why =
    "gateway needs to know under which hosts clients reach it; give `hosts`, or the instance's `publicUrl`.";
  throw new TenantryError("CONFIG_INVALID", why);
}
