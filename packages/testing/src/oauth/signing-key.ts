import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JSONWebKeySet,
} from "jose";

/** The key that an authorization server signs with, and its public half. */
export interface SigningKey {
  readonly jwks: JSONWebKeySet;
  readonly kid: string;
  readonly privateKey: CryptoKey;
}

/** Makes a key for ES256. */
export async function createSigningKey(): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { jwks: { keys: [{ ...jwk, kid, alg: "ES256", use: "sig" }] }, kid, privateKey };
}

/** Signs claims as a JWT of this type. */
export function signJwt(key: SigningKey, typ: string, claims: Record<string, unknown>): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid: key.kid, typ }).sign(key.privateKey);
}
