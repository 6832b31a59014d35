import {
  secret,
  type Clock,
  type Credential,
  type CredentialHeaders,
  type Origin,
  type Secret,
} from "@tenantry/core";
import type { BearerFacts } from "./bearer-credential.ts";
import { ProofKey } from "./proof-key.ts";

/** What a credential is made of whose token is bound to a key. */
export interface DpopFacts extends BearerFacts {
  readonly proofKey: Secret;
  /** What the server wants in the proofs (RFC 9449, section 9). */
  readonly nonce?: string | undefined;
  readonly clock: Clock;
}

/** An access token that is sent with a proof of its key, another one for each request (RFC 9449, section 7.1). */
export function dpopCredential(facts: DpopFacts): Credential {
  return Object.freeze(new DpopCredential(facts));
}

class DpopCredential implements Credential {
  readonly subject: string;
  readonly generation: string;
  readonly origins: readonly Origin[];
  declare readonly expiresAt?: number;
  readonly #facts: DpopFacts;
  readonly #authorization: Secret;
  readonly #key: Promise<ProofKey>;

  constructor(facts: DpopFacts) {
    const { subject, generation, origins, expiresAt, accessToken, proofKey } = facts;
    this.subject = subject;
    this.generation = generation;
    this.origins = origins;
    if (expiresAt !== undefined) this.expiresAt = expiresAt;
    this.#facts = facts;
    this.#authorization = secret(`DPoP ${accessToken.reveal()}`);
    this.#key = ProofKey.read(proofKey);
    // Whoever asks for headers hears of it.
    this.#key.catch(() => {});
  }

  async headers({ method, url }: { readonly method: string; readonly url: URL }): Promise<CredentialHeaders> {
    const { accessToken, nonce, clock } = this.#facts;
    const proof = await (await this.#key).prove({ method, url, accessToken, nonce, at: clock.now() });
    return Object.freeze({
      authorization: Object.freeze({ value: this.#authorization, replaces: false }),
      dpop: Object.freeze({ value: proof, replaces: false }),
    });
  }
}
