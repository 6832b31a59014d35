import {
  quote,
  secret,
  TenantryError,
  type CredentialKey,
  type JsonObject,
  type Sealer,
  type Secret,
} from "@tenantry/core";
import { z } from "zod";
import { sealedFor } from "../sealing/sealed-row.ts";

/** A value as it was saved. */
export interface StoredValue {
  readonly value: Secret;
  /** When, in milliseconds since the Unix epoch. */
  readonly savedAt: number;
}

const kind = "value";
const rowSchema = z.object({ kind: z.literal(kind), sealed: z.string(), savedAt: z.number().min(0) });

/** The row in which a value is stored. */
export async function sealValue(
  sealer: Sealer,
  key: CredentialKey,
  { value, savedAt }: StoredValue,
): Promise<JsonObject> {
  return { kind, sealed: await sealer.seal(value, sealedFor(kind, key)), savedAt };
}

/** When the value of a row was saved; throws `STORE_INVALID` where the row holds something else, such as a grant. */
export function savedAtOf({ server, slot }: CredentialKey, row: unknown): number {
  const parsed = rowSchema.safeParse(row);
  if (parsed.success) return parsed.data.savedAt;
  const why = `The slot ${quote(slot)} of the server ${quote(server)} holds something else than a saved value`;
  throw new TenantryError("STORE_INVALID", `${why}; name another slot.`, { server, slot });
}

/** Rejects with `SEAL_BROKEN` where the row does not open, and with `STORE_INVALID` where it holds something else. */
export async function openValue(sealer: Sealer, key: CredentialKey, row: unknown): Promise<StoredValue> {
  const savedAt = savedAtOf(key, row);
  const { sealed } = row as { readonly sealed: string };
  const opened = await sealer.open(sealed, sealedFor(kind, key));
  return { value: secret(opened.reveal()), savedAt };
}
