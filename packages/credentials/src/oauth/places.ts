import { quote, TenantryError, type Origin, type Scope, type ServerRef } from "@tenantry/core";
import { SpelledKey } from "../credential-key.ts";
import type { FreshOptions, Grant, SendRefresh } from "../grants/grant.ts";
import { madeOnce } from "../made-once.ts";
import type { CheckedOAuthOptions } from "./options.ts";
import type { Refreshing } from "./refreshing.ts";
import { contains } from "./resource.ts";
import { serverUrlOf } from "./server-url.ts";

/** A server as a place where grants are used. */
export interface ServerPlace {
  readonly url: URL;
  /** The server's own origin, alone. */
  readonly origins: readonly Origin[];
  /** Refreshes the grants that are used there. */
  readonly refresh: SendRefresh;
  /** How one is renewed that the server has refused. */
  readonly renewal: Pick<FreshOptions, "send" | "fits">;
  /** Whether a grant was granted for this server, by an issuer that the host takes. */
  readonly fits: (grant: Grant) => boolean;
  /** The key of a scope's grant; throws `CREDENTIAL_MISSING` for a scope that is no user's. */
  readonly keyOf: (scope: Scope) => SpelledKey;
}

/** Remembers what every call asks: where a server is, and under which key a scope's grant for it is kept. */
export class Places {
  readonly #slot: string;
  readonly #issuer: string | undefined;
  readonly #refreshing: Refreshing;
  /** The place that a server is; throws `CREDENTIAL_INVALID` for a server that is not reached by a URL. */
  readonly of = madeOnce((server: ServerRef) => this.#make(server));

  /** With an issuer that the host has fixed, grants of others count as none. */
  constructor({ slot, issuer }: Pick<CheckedOAuthOptions, "slot" | "issuer">, refreshing: Refreshing) {
    this.#slot = slot;
    this.#issuer = issuer;
    this.#refreshing = refreshing;
  }

  #make(server: ServerRef): ServerPlace {
    const { id } = server;
    const { url, origin } = serverUrlOf(server, this.#slot);
    const fixed = this.#issuer;
    const fits = ({ resource, issuer }: Grant) => contains(resource, url) && (fixed ?? issuer) === issuer;
    return Object.freeze({
      url,
      origins: Object.freeze([origin]),
      refresh: this.#refreshing.at(id, url, false),
      renewal: Object.freeze({ send: this.#refreshing.at(id, url, true), fits }),
      fits,
      keyOf: madeOnce((scope: Scope) => {
        // What one person has granted is nobody else's.
        if (scope.share !== "user") throw this.#nobodys(scope, server);
        const { workspace, user } = scope;
        return new SpelledKey({ workspace, user, server: id, slot: this.#slot });
      }),
    });
  }

  #nobodys({ share }: Scope, { id }: ServerRef): TenantryError {
    const why =
      share === "discovery"
        ? 'discovery happens before there is a user; give the definition discovery: "anonymous" or a credential of its own'
        : `a connection with share: "${share}" serves many users; use clientCredentials(), or share: "user"`;
    const what = `What a person grants with oauth() is that person's alone, and ${why} (server ${quote(id)}).`;
    return new TenantryError("CREDENTIAL_MISSING", what, { server: id, slot: this.#slot });
  }
}
