import { secret, TenantryError, type SealedFor, type Sealer } from "@tenantry/core";
import type { z } from "zod";

/** Seals a value for one row of a store. */
export async function sealJson(sealer: Sealer, value: object, owner: SealedFor): Promise<string> {
  return sealer.seal(secret(JSON.stringify(value)), owner);
}

/** Opens what {@link sealJson} sealed; rejects with `SEAL_BROKEN`, or with `STORE_INVALID` where it has another shape. */
export async function openJson<T>(
  sealer: Sealer,
  schema: z.ZodType<T>,
  envelope: string,
  owner: SealedFor,
): Promise<T> {
  const text = (await sealer.open(envelope, owner)).reveal();
  const parsed = schema.safeParse(parse(text));
  if (parsed.success) return parsed.data;
  // Without what zod says, which may quote what is secret.
  const what =
    "What was sealed has the shape of another version; authorize again, or run the version that wrote it.";
  throw new TenantryError("STORE_INVALID", what);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
