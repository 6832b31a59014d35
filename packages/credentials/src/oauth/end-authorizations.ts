import type { CredentialStore } from "@tenantry/core";
import { deleteGrants } from "../grants/grant-rows.ts";
import type { FlowOwner } from "./flows.ts";

/**
 * Ends what a person has begun or granted at a server without its provider, and says how many grants that were: what a
 * source has left that is no longer in the definitions, or that has another slot by now. Its tokens end at their issuer by
 * themselves.
 */
export async function endAuthorizations(
  { flows, credentials }: Pick<CredentialStore, "flows" | "credentials">,
  { principal: { workspace, user }, server }: FlowOwner,
): Promise<number> {
  const owner = { workspace, user, server };
  // First, so that what is being finished elsewhere is seen to be nobody's.
  await flows.clear(owner);
  return deleteGrants(credentials, owner);
}
