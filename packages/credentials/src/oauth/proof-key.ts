import { secret, type Secret } from "@tenantry/core";
import { calculatePKCECodeChallenge, DPoP, clockSkew, generateKeyPair, type DPoPHandle } from "oauth4webapi";
import { toBase64url } from "../sealing/base64url.ts";

type CryptoKey = Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];

/** A public key of the curve P-256 (RFC 7518, section 6.2.1). */
interface PublicJwk {
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
  readonly y: string;
}

/** The one algorithm that every side has to know (RFC 7518, section 3.1). */
const proofAlgorithm = "ES256";
const curve = Object.freeze({ name: "ECDSA", namedCurve: "P-256" });

/** One request, as a proof names it. */
export interface ProvenRequest {
  readonly method: string;
  readonly url: URL;
  /** The access token that goes with it. */
  readonly accessToken: Secret;
  readonly nonce?: string | undefined;
  /** When it is made, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/** Draws the key that one grant's tokens are bound to, as its private JWK (RFC 7517). */
export async function drawProofKey(): Promise<Secret> {
  const { privateKey } = await generateKeyPair(proofAlgorithm, { extractable: true });
  return secret(JSON.stringify(await crypto.subtle.exportKey("jwk", privateKey)));
}

/** A key that tokens are bound to (RFC 9449). */
export class ProofKey {
  readonly #privateKey: CryptoKey;
  readonly #publicKey: CryptoKey;
  readonly #publicJwk: PublicJwk;

  private constructor(privateKey: CryptoKey, publicKey: CryptoKey, publicJwk: PublicJwk) {
    this.#privateKey = privateKey;
    this.#publicKey = publicKey;
    this.#publicJwk = publicJwk;
  }

  /** Reads what {@link drawProofKey} drew. */
  static async read(key: Secret): Promise<ProofKey> {
    const jwk = JSON.parse(key.reveal()) as PublicJwk & { readonly d: string };
    const { kty, crv, x, y } = jwk;
    const publicJwk = Object.freeze({ kty, crv, x, y });
    const [privateKey, publicKey] = await Promise.all([
      crypto.subtle.importKey("jwk", jwk, curve, false, ["sign"]),
      crypto.subtle.importKey("jwk", publicJwk, curve, true, ["verify"]),
    ]);
    return new ProofKey(privateKey, publicKey, publicJwk);
  }

  /** Proves the key to a token endpoint; a nonce that it asks for is sent with the next request (RFC 9449, section 8). */
  handle(skewSeconds: number): DPoPHandle {
    const pair = { privateKey: this.#privateKey, publicKey: this.#publicKey };
    return DPoP({ [clockSkew]: skewSeconds }, pair);
  }

  /** The proof for one request to a resource server (RFC 9449, section 4.2). */
  async prove({ method, url, accessToken, nonce, at }: ProvenRequest): Promise<Secret> {
    const header = { typ: "dpop+jwt", alg: proofAlgorithm, jwk: this.#publicJwk };
    const payload = {
      jti: crypto.randomUUID(),
      htm: method,
      htu: `${url.origin}${url.pathname}`,
      iat: Math.floor(at / 1_000),
      // The digest of a code verifier is that of a token, too: SHA-256 in base64url.
      ath: await calculatePKCECodeChallenge(accessToken.reveal()),
      ...(nonce !== undefined && { nonce }),
    };
    const text = `${encode(header)}.${encode(payload)}`;
    const signature = await crypto.subtle.sign(
      { name: "ECDSA", hash: "SHA-256" },
      this.#privateKey,
      bytes(text),
    );
    return secret(`${text}.${toBase64url(new Uint8Array(signature))}`);
  }
}

function encode(part: object): string {
  return toBase64url(bytes(JSON.stringify(part)));
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
