import { randomBytes } from "node:crypto";
import { quote, TenantryError, type Clock, type Sealer, type Store } from "@tenantry/core";
import { sealWithKeys } from "@tenantry/credentials";
import { isLoopback } from "@tenantry/credentials/oauth";
import { memoryStore } from "@tenantry/store";

/** What the host says of it. */
export interface KeepingOptions {
  /**
   * Where credentials that people grant or save are kept; the instance closes it. Defaults to memory, which ends with the
   * process.
   */
  readonly store?: Store | undefined;
  /** What they are sealed with there; required with a `store`. */
  readonly sealer?: Sealer | undefined;
  /**
   * Where the handler of `tenantry/http` is mounted, as browsers reach it: people are sent back to `oauth/callback` beneath
   * it. An https URL, or http on this machine. Required by `oauth()`.
   */
  readonly publicUrl?: string | URL | undefined;
}

/** What outlives a call, and where a person who was sent away comes back to. */
export interface Keeping {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly callbackUrl?: URL;
}

/** Checks what the host gives, and fills in what lives as long as the process; throws `CONFIG_INVALID`. */
export function checkKeeping({ store, sealer, publicUrl }: KeepingOptions, clock: Clock): Keeping {
  if (store !== undefined && sealer === undefined) {
    const why = "A store keeps credentials, which are sealed there; give a `sealer`, such as sealWithKeys().";
    throw new TenantryError("CONFIG_INVALID", why);
  }
  return Object.freeze({
    store: store ?? memoryStore({ clock }),
    sealer: sealer ?? sealWithKeys({ current: "instance", keys: { instance: randomBytes(32) } }),
    ...(publicUrl !== undefined && { callbackUrl: beneath(publicUrl, "oauth/callback") }),
  });
}

/** The address of a path beneath a URL, whether or not that ends in a slash. */
function beneath(publicUrl: string | URL, path: string): URL {
  const url = URL.canParse(publicUrl) ? new URL(publicUrl) : undefined;
  const isPlain = url !== undefined && url.search === "" && url.hash === "" && url.username === "";
  if (!isPlain || (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url)))) {
    const given = quote(String(publicUrl));
    const why = `publicUrl: ${given} is no https URL (or http on this machine) without a query; correct it.`;
    throw new TenantryError("CONFIG_INVALID", why);
  }
  url.pathname = `${url.pathname.replace(/\/+$/u, "")}/${path}`;
  return url;
}
