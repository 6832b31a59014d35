import { RecentMap, type Challenge, type Clock, type ServerRef } from "@tenantry/core";
import { parseScopes, unionOf } from "./scopes.ts";

/** What a server asks for when it refuses a request (RFC 6750, section 3; RFC 9728, section 5.1). */
export interface Asked {
  readonly scopes: readonly string[];
  readonly resourceMetadata?: string;
}

/** Reads a server's challenge. */
export function askedOf(challenge: Challenge | undefined): Asked {
  const { scope, resource_metadata: resourceMetadata } = challenge?.parameters ?? {};
  return {
    scopes: parseScopes(scope),
    ...(resourceMetadata !== undefined && { resourceMetadata }),
  };
}

/** Whether a challenge says that the token is good and may do too little (RFC 6750, section 3.1). */
export function wantsMore(challenge: Challenge | undefined): boolean {
  return challenge?.parameters["error"] === "insufficient_scope";
}

/** The nonce that a server wants in the proofs of a key (RFC 9449, section 9); the client tells its header as a parameter. */
export function nonceOf(challenge: Challenge | undefined): string | undefined {
  const { error, dpop_nonce: nonce } = challenge?.parameters ?? {};
  return error === "use_dpop_nonce" ? nonce : undefined;
}

/** The servers that have refused a request without a token, and what each asked for; remembered for a while. */
export class AskingServers {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #asked: RecentMap<string, { readonly asked: Asked; readonly at: number }>;

  constructor(clock: Clock, { max, ttlMs }: { readonly max: number; readonly ttlMs: number }) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#asked = new RecentMap(max);
  }

  add(server: ServerRef, asked: Asked): void {
    this.#asked.set(nameOf(server), { asked, at: this.#clock.now() });
  }

  /** Forgets what a server asked for. */
  delete(server: ServerRef): void {
    this.#asked.take(nameOf(server));
  }

  /** What a server asks for now, with what it asked for when it was first met. */
  withFirst(server: ServerRef, { scopes, ...asked }: Asked): Asked {
    return { ...asked, scopes: unionOf(this.get(server)?.scopes ?? [], scopes) };
  }

  get(server: ServerRef): Asked | undefined {
    const known = this.#asked.get(nameOf(server));
    return known !== undefined && this.#clock.now() < known.at + this.#ttlMs ? known.asked : undefined;
  }
}

/** Not by its id alone: another workspace may call another server so. */
function nameOf({ id, digest, url }: ServerRef): string {
  return JSON.stringify([id, digest, url ?? null]);
}
