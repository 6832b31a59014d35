import { hash, randomBytes } from "node:crypto";

/**
 * Draws a keyed digest for `CredentialDependencies`: the same text has the same one for as long as the function is kept,
 * and nobody without it can tell which text it was.
 *
 * It is SHA-256 over SHA-256, each under a key of its own, as HMAC is built (NMAC). Every user's first call takes one, and
 * an `Hmac` of Node's is an object with a native part, which costs three times as much and is dear to collect.
 */
export function createFingerprint(): (text: string) => string {
  const inner = drawKey();
  const outer = drawKey();
  return (text) => hash("sha256", outer + hash("sha256", inner + text, "base64url"), "base64url");
}

/** 64 characters, which fill one block of the digest. */
function drawKey(): string {
  return randomBytes(48).toString("base64url");
}
