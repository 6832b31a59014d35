import { createHash } from "node:crypto";
import canonicalize from "canonicalize";

/** The hexadecimal SHA-256 of a value as canonical JSON (RFC 8785); throws for what has no such form, as ill-formed text. */
export function canonicalDigest(value: unknown): string {
  return createHash("sha256")
    .update(canonicalize(value) ?? "")
    .digest("hex");
}
