import type { Envelope, JsonObject, SealedFor } from "@tenantry/core";

/**
 * A row whose secret part is sealed. `kind` says what is inside; whatever else a row has beside it is no secret, and
 * nothing that its reader trusts.
 */
export interface SealedRow extends JsonObject {
  readonly kind: string;
  readonly sealed: Envelope;
}

/**
 * Names the row that an envelope belongs to: what is inside, and the row's key part by part with the names of the parts,
 * so that no two rows have one name. A part that is absent is left out, and differs from every present one.
 */
export function sealedFor(kind: string, key: object): SealedFor {
  const parts = Object.entries(key)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return [kind, ...parts.flatMap(([name, value]) => [name, String(value)])];
}

/** Whether a row of a store is one that is sealed. */
export function isSealedRow(value: unknown): value is SealedRow {
  return (
    typeof value === "object" &&
    value !== null &&
    "kind" in value &&
    typeof value.kind === "string" &&
    "sealed" in value &&
    typeof value.sealed === "string"
  );
}
