import { quote, TenantryError, type Origin, type ServerRef } from "@tenantry/core";

/** Where a server is; throws `CREDENTIAL_INVALID` for one that is not reached by a URL. */
export function serverUrlOf(
  { id, origin, url }: ServerRef,
  slot: string,
): { readonly url: URL; readonly origin: Origin } {
  if (origin !== undefined && url !== undefined) return { url: new URL(url), origin };
  const what = `The server ${quote(id)} is not reached by a URL, and OAuth is for servers that are; use env() instead.`;
  throw new TenantryError("CREDENTIAL_INVALID", what, { server: id, slot });
}
