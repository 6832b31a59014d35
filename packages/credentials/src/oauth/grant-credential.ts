import type { Clock, Credential, Origin } from "@tenantry/core";
import type { Grant } from "../grants/grant.ts";
import { bearerCredential } from "./bearer-credential.ts";
import { dpopCredential } from "./dpop-credential.ts";

/** Where a grant's token may be sent. */
export interface Place {
  readonly url: URL;
  /** The server's own origin, alone. */
  readonly origins: readonly Origin[];
  /** Whether a grant was granted for the server, by an issuer that the host takes. */
  fits(grant: Grant): boolean;
}

interface Made {
  readonly place: Place;
  readonly credential: Credential | undefined;
  /** How many nonces the server has wanted in the proofs of its key so far. */
  readonly nonces: number;
}

/** Makes credentials of grants: one for each refresh of a grant, however often it is asked for. */
export class GrantCredentials {
  readonly #made = new WeakMap<Grant, Made>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The credential of a grant at a server; `undefined` where it was granted for another server, or by another issuer. */
  of(grant: Grant, place: Place): Credential | undefined {
    const made = this.#made.get(grant);
    return made?.place === place ? made.credential : this.#make(grant, place, undefined, 0);
  }

  /** The same with the nonce that the server wants: another generation, so that the connection takes it. */
  withNonce(grant: Grant, place: Place, nonce: string): Credential | undefined {
    return this.#make(grant, place, nonce, (this.#made.get(grant)?.nonces ?? 0) + 1);
  }

  #make(grant: Grant, place: Place, nonce: string | undefined, nonces: number): Credential | undefined {
    const credential = place.fits(grant) ? this.#credentialOf(grant, place, nonce, nonces) : undefined;
    this.#made.set(grant, { place, credential, nonces });
    return credential;
  }

  #credentialOf(grant: Grant, { origins }: Place, nonce: string | undefined, nonces: number): Credential {
    const { proofKey } = grant;
    if (proofKey === undefined) return bearerCredential({ ...grant, origins });
    const generation = nonces === 0 ? grant.generation : `${grant.generation}${separator}${nonces}`;
    return dpopCredential({ ...grant, generation, origins, proofKey, nonce, clock: this.#clock });
  }
}

/** The generation of the grant that a credential was made of. */
export function grantGeneration(generation: string): string {
  return generation.split(separator, 1)[0] ?? generation;
}

/** No generation of a grant holds one. */
const separator = "#";
