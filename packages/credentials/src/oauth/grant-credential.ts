import type { Credential, Origin } from "@tenantry/core";
import type { Grant } from "../grants/grant.ts";
import { bearerCredential } from "./bearer-credential.ts";
import { contains } from "./resource.ts";

/** Where a grant's token may be sent. */
export interface Place {
  readonly url: URL;
  /** The server's own origin, alone. */
  readonly origins: readonly Origin[];
}

/** Makes credentials of grants: one for each refresh of a grant, however often it is asked for. */
export class GrantCredentials {
  readonly #made = new WeakMap<
    Grant,
    { readonly place: Place; readonly credential: Credential | undefined }
  >();
  readonly #issuer: string | undefined;

  /** With an issuer that the host has fixed, grants of others count as none. */
  constructor(issuer: string | undefined) {
    this.#issuer = issuer;
  }

  /** The credential of a grant at a server; `undefined` where it was granted for another server, or by another issuer. */
  of(grant: Grant, place: Place): Credential | undefined {
    const made = this.#made.get(grant);
    if (made?.place === place) return made.credential;
    const fits = contains(grant.resource, place.url) && (this.#issuer ?? grant.issuer) === grant.issuer;
    const credential = fits ? bearerCredential({ ...grant, origins: place.origins }) : undefined;
    this.#made.set(grant, { place, credential });
    return credential;
  }
}
