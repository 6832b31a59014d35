import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose";
import { problem } from "./answers.ts";
import { authenticationMethodOf, type ClientAuthenticationMethod, type OAuthClient } from "./client.ts";
import { signatureAlgorithms } from "./metadata.ts";
import type { Realm } from "./realm.ts";
import { basicCredentials, type OAuthRequest } from "./recording.ts";

/** Finds out which client sends a request (RFC 6749, section 2.3; RFC 7523, section 2.2), or gives the refusal. */
export async function authenticateClient(
  realm: Realm,
  request: OAuthRequest,
): Promise<OAuthClient | Response> {
  const proof = proofOf(request);
  if (proof === undefined) return problem("invalid_request", "Authenticate in one way only.");
  const client = realm.clients.known(proof.id) ?? (await realm.clients.find(proof.id));
  if (client === undefined) return refused(request, "The client is not known.");
  if (authenticationMethodOf(client) !== proof.method)
    return refused(request, `The client is registered for ${authenticationMethodOf(client)}.`);
  const holds = await isProven(realm, client, proof);
  return holds ? client : refused(request, "The client's secret or assertion does not hold.");
}

interface Proof {
  readonly method: ClientAuthenticationMethod;
  readonly id: string | undefined;
  /** The secret or the assertion. */
  readonly value: string;
}

/** What a request shows; `undefined` where it shows two things. */
function proofOf({ headers, fields }: OAuthRequest): Proof | undefined {
  const basic = basicCredentials(headers);
  const { client_id: id, client_secret: secret, client_assertion: assertion } = fields;
  const proofs: Proof[] = [];
  if (basic !== undefined) proofs.push({ method: "client_secret_basic", id: basic.id, value: basic.secret });
  if (secret !== undefined) proofs.push({ method: "client_secret_post", id, value: secret });
  if (assertion !== undefined)
    proofs.push({ method: "private_key_jwt", id: id ?? subjectOf(assertion), value: assertion });
  return proofs.length > 1 ? undefined : (proofs[0] ?? { method: "none", id, value: "" });
}

/** The subject that an assertion names; who it really is shows when its signature is checked. */
function subjectOf(assertion: string): string | undefined {
  try {
    return decodeJwt(assertion).sub;
  } catch {
    return undefined;
  }
}

async function isProven(realm: Realm, client: OAuthClient, { method, value }: Proof): Promise<boolean> {
  if (method === "none") return client.client_secret === undefined;
  if (method !== "private_key_jwt") return client.client_secret === value;
  const { jwks } = client;
  if (jwks === undefined) return false;
  try {
    const { payload } = await jwtVerify(value, createLocalJWKSet({ keys: [...jwks.keys] }), {
      issuer: client.client_id,
      subject: client.client_id,
      audience: [realm.issuer, realm.endpoint("token")],
      algorithms: [...signatureAlgorithms],
      requiredClaims: ["exp", "jti"],
      currentDate: realm.now(),
    });
    return isFirst(realm, client.client_id, payload.jti);
  } catch {
    // What is wrong with an assertion is not told to whoever sent it.
    return false;
  }
}

/** Whether what this issuer or key has signed comes for the first time (RFC 7523, section 3; RFC 9449, section 11.1). */
export function isFirst({ seen }: Realm, signer: string, jti: string | undefined): boolean {
  const name = JSON.stringify([signer, jti]);
  if (jti === undefined || seen.has(name)) return false;
  seen.add(name);
  return true;
}

function refused({ headers }: OAuthRequest, description: string): Response {
  // Who tried the Authorization header is told so in kind (RFC 6749, section 5.2).
  const challenge =
    headers["authorization"] === undefined ? {} : { "www-authenticate": 'Basic realm="token"' };
  return problem("invalid_client", description, 401, challenge as Readonly<Record<string, string>>);
}
