import type { Secret } from "./secret.ts";

/** A sealed value as it is stored: text that tells nothing of what is inside but the names of the keys that open it. */
export type Envelope = string;

/** Which row a value belongs to, part by part; an envelope that was moved to another row does not open. */
export type SealedFor = readonly string[];

/** Seals values for a store and opens them again. */
export interface Sealer {
  seal(value: Secret, owner: SealedFor): Promise<Envelope>;
  /** Rejects with `SEAL_BROKEN` where the envelope was changed, belongs to another row, or its key is not at hand. */
  open(envelope: Envelope, owner: SealedFor): Promise<Secret>;
  /** Whether the envelope was sealed with another key than new ones are. */
  isStale(envelope: Envelope): boolean;
}
