import { TenantryError } from "@tenantry/core";
import { toBase64url } from "../sealing/base64url.ts";

/**
 * The address to which one issuer, and no other, sends people back: beneath the callback URL, named by a digest of the
 * issuer's identifier. A code that comes back there was given by that issuer, whether or not its answers say so (RFC 9700,
 * section 4.4.2.2). It is the same in every process, so that it can be registered by hand.
 */
export async function issuerCallbackUrl(callbackUrl: URL, issuer: string): Promise<URL> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(issuer));
  const url = new URL(callbackUrl);
  url.pathname = `${url.pathname.replace(/\/+$/u, "")}/${toBase64url(new Uint8Array(digest, 0, 16))}`;
  return url;
}

/** Whether a callback came back to a flow's own address. Behind a proxy only the end of the path is what the issuer was given. */
export function isAt(callback: URL, address: string): boolean {
  return lastSegment(callback) === lastSegment(new URL(address));
}

function lastSegment({ pathname }: URL): string | undefined {
  return pathname.split("/").findLast((segment) => segment !== "");
}

/** The parameters of a callback; throws `ARGUMENT_INVALID` for anything but the whole URL, whose path says whose it is. */
export function parametersOf(callback: URL): URLSearchParams {
  if (callback instanceof URL) return callback.searchParams;
  const what = "A callback is the whole URL that the person was sent back to; give it as a URL.";
  throw new TenantryError("ARGUMENT_INVALID", what);
}
