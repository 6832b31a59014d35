import { TenantryError, type ServerId } from "@tenantry/core";
import type { Tenantry } from "../tenantry.ts";
import type { Visitor } from "./visitor.ts";

/** How an authorization ended. */
export type AuthorizationOutcome =
  | { readonly status: "connected"; readonly server: ServerId; readonly scopes: readonly string[] }
  | { readonly status: "failed"; readonly error: TenantryError };

/** Finishes the authorization that a browser comes back from, also where it does not wait for the answer. */
export async function finishCallback(
  tenantry: Tenantry,
  { workspace, user }: Visitor,
  request: Request,
): Promise<AuthorizationOutcome> {
  try {
    const callback = new URL(request.url);
    const granted = await tenantry.workspace(workspace).finishAuthorization(user, callback);
    return Object.freeze({ status: "connected", ...granted });
  } catch (failure) {
    if (failure instanceof TenantryError) return Object.freeze({ status: "failed", error: failure });
    throw failure;
  }
}
