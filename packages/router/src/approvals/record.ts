import type { Json } from "@tenantry/core";
import { z } from "zod";

/** The longest definition that is kept for comparing, in characters of JSON; of a longer one there is the hash only. */
const maxLength = 65_536;

const seen = z.object({
  hash: z.string().regex(/^[0-9a-f]{64}$/u),
  at: z.number(),
  definition: z.json().optional(),
});

const recordSchema = z.object({
  approved: z.object({ ...seen.shape, by: z.string().optional() }).optional(),
  pending: seen.optional(),
  revoked: z.object({ by: z.string(), at: z.number() }).optional(),
});

/** A definition as it was seen at one time. */
export type Seen = z.infer<typeof seen>;

/** What the store holds of one thing that is approved or waits for it. */
export type ApprovalRecord = z.infer<typeof recordSchema>;

/** Reads a row; one that is not as it should be approves nothing. */
export function recordOf(value: Json): ApprovalRecord {
  const parsed = recordSchema.safeParse(value);
  return parsed.success ? parsed.data : {};
}

/** A definition to be remembered. */
export function seenAt(at: number, hash: string, definition: object): Seen {
  const isShort = JSON.stringify(definition).length <= maxLength;
  return isShort ? { hash, at, definition: definition as Seen["definition"] } : { hash, at };
}
