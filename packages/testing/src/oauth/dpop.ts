import { randomUUID } from "node:crypto";
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from "jose";
import type { ProofUse } from "../protected-resource.ts";
import { problem } from "./answers.ts";
import { isFirst } from "./client-authentication.ts";
import { signatureAlgorithms } from "./metadata.ts";
import { sha256, type Realm } from "./realm.ts";
import type { OAuthRequest } from "./recording.ts";

/** The key that a token request proves to hold (RFC 9449, section 5); `undefined` where it shows none and need not. */
export async function boundKey(realm: Realm, request: OAuthRequest): Promise<string | undefined | Response> {
  const { dpop = "optional" } = realm.options;
  const proof = request.headers["dpop"];
  if (proof === undefined) {
    return dpop === "optional" ? undefined : problem("invalid_dpop_proof", "Send a DPoP proof.");
  }
  const shown = await verifyProof(realm, { proof, method: request.method, url: realm.endpoint("token") });
  if (shown === undefined) return problem("invalid_dpop_proof", "The DPoP proof does not hold.");
  if (dpop === "nonce" && !realm.nonces.has(shown.nonce ?? "")) {
    const nonce = randomUUID();
    realm.nonces.add(nonce);
    return problem("use_dpop_nonce", "Repeat it with the nonce of this answer.", 400, {
      "dpop-nonce": nonce,
    });
  }
  return shown.thumbprint;
}

/** Checks a proof for one request, and for the token with it (RFC 9449, section 4.3); it may be a minute old or early. */
export async function verifyProof(
  realm: Realm,
  { proof, method, url }: ProofUse,
  token?: string,
): Promise<{ readonly thumbprint: string; readonly nonce: string | undefined } | undefined> {
  try {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      typ: "dpop+jwt",
      algorithms: [...signatureAlgorithms],
      requiredClaims: ["jti", "htm", "htu", "iat"],
      maxTokenAge: 60,
      clockTolerance: 60,
      currentDate: realm.now(),
    });
    const { htm, htu, ath, nonce, jti } = payload;
    if (htm !== method || htu !== url || protectedHeader.jwk === undefined) return undefined;
    if (token !== undefined && ath !== sha256(token)) return undefined;
    const thumbprint = await calculateJwkThumbprint(protectedHeader.jwk);
    if (!isFirst(realm, thumbprint, jti)) return undefined;
    return { thumbprint, nonce: typeof nonce === "string" ? nonce : undefined };
  } catch {
    // What is wrong with a proof is not told to whoever sent it.
    return undefined;
  }
}
