import { describeIssues, TenantryError } from "@tenantry/core";
import { z } from "zod";
import type { Quota } from "./quota.ts";

const globs = z.union(
  [z.string().min(1), z.array(z.string().min(1)).min(1).readonly()],
  "expected a text or a list of them",
);

const quota = z
  .strictObject({
    per: z
      .array(z.enum(["user", "server", "tool"]))
      .readonly()
      .optional(),
    server: globs.optional(),
    tool: globs.optional(),
    calls: z.int().min(1).max(1_000_000_000).optional(),
    windowMs: z.int().min(1).max(86_400_000).optional(),
    concurrent: z.int().min(1).max(1_000_000).optional(),
    shared: z.boolean().optional(),
  })
  .refine(
    ({ calls, concurrent }) => (calls ?? concurrent) !== undefined,
    "expected calls, concurrent or both",
  );

/** Checks quotas and copies them; throws `CONFIG_INVALID`, naming the path within `path`. */
export function checkQuotas(given: readonly Quota[], path: string): readonly Quota[] {
  const checked = z.array(quota).safeParse(given);
  if (checked.success) return checked.data;
  throw new TenantryError("CONFIG_INVALID", describeIssues(checked.error, path, Object.keys(quota.shape)));
}
