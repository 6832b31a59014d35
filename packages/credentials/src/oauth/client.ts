import { quote, TenantryError, type Secret } from "@tenantry/core";
import { None, PrivateKeyJwt, type ClientAuth, type PrivateKey } from "oauth4webapi";
import type { Issuer } from "./issuer.ts";

/** How a client proves who it is at the token endpoint (RFC 6749, section 2.3; OpenID Connect Core, section 9). */
export type ClientAuthMethod = "none" | "client_secret_basic" | "client_secret_post" | "private_key_jwt";

/** An OAuth client, known at one issuer. */
export interface OAuthClient {
  readonly id: string;
  readonly secret?: Secret;
  readonly privateKey?: PrivateKey["key"] | PrivateKey;
  /** Absent: chosen by what the client has and what the issuer supports. */
  readonly authMethod?: ClientAuthMethod;
}

/**
 * Chooses how the client authenticates, by what it has and what the issuer's metadata lists. Throws `CONFIG_INVALID` where
 * the two have nothing in common.
 */
export function clientAuthOf(client: OAuthClient, { identifier, clientAuthMethods }: Issuer): ClientAuth {
  const method =
    client.authMethod ?? methodsOf(client).find((own) => clientAuthMethods?.includes(own) ?? true);
  const { secret, privateKey } = client;
  switch (method) {
    case "private_key_jwt":
      if (privateKey !== undefined) return PrivateKeyJwt(privateKey);
      break;
    case "client_secret_basic":
      if (secret !== undefined) return basic(secret);
      break;
    case "client_secret_post":
      if (secret !== undefined) return post(secret);
      break;
    case "none":
      return None();
    case undefined:
      break;
  }
  const listed = quote(clientAuthMethods?.join(", ") ?? "client_secret_basic");
  const what = `The client has nothing of what ${quote(identifier)} accepts at its token endpoint (${listed})`;
  throw new TenantryError(
    "CONFIG_INVALID",
    `${what}; give it the secret or the private key that it was registered with.`,
  );
}

/** What a client can do, the strongest first. A secret that an issuer does not ask for stays at home. */
function methodsOf({ secret, privateKey }: OAuthClient): readonly ClientAuthMethod[] {
  if (privateKey !== undefined) return ["private_key_jwt"];
  return secret === undefined ? ["none"] : ["client_secret_basic", "client_secret_post", "none"];
}

/**
 * As RFC 6749, section 2.3.1, says, with what its encoding leaves alone left alone: oauth4webapi escapes hyphens and dots
 * too, and servers that do not decode at all then know no client whose id holds one.
 */
function basic(secret: Secret): ClientAuth {
  return (_issuer, client, _body, headers) => {
    const pair = `${formEncoded(client.client_id)}:${formEncoded(secret.reveal())}`;
    headers.set("authorization", `Basic ${btoa(pair)}`);
  };
}

function post(secret: Secret): ClientAuth {
  return (_issuer, client, body) => {
    body.set("client_id", client.client_id);
    body.set("client_secret", secret.reveal());
  };
}

function formEncoded(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}
