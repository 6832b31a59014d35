import { describeIssues, TenantryError } from "@tenantry/core";
import { z } from "zod";
import { hintNames, type Hints } from "./hints.ts";
import type { Policy, PolicyDecider, PolicyFunction, PolicyRules, SinglePolicy } from "./policy.ts";

const globs = z.union(
  [z.string().min(1), z.array(z.string().min(1)).min(1).readonly()],
  "expected a text or a list of them",
);
const scalar = z.union(
  [z.string(), z.number(), z.boolean(), z.null()],
  "expected a text, a number, a truth value or null",
);
const step = z.union([z.string(), z.int().nonnegative()], "expected a name or the number of an item");
const matchers = Object.freeze(["equals", "oneOf", "noneOf", "present"] as const);

const condition = z
  .strictObject({
    path: z.union([z.string(), z.array(step).min(1).readonly()], "expected a name or a list of them"),
    equals: scalar.optional(),
    oneOf: z.array(scalar).min(1).readonly().optional(),
    noneOf: z.array(scalar).min(1).readonly().optional(),
    present: z.boolean().optional(),
  })
  .refine((given) => matchers.filter((name) => given[name] !== undefined).length === 1, {
    error: `expected exactly one of ${matchers.join(", ")}`,
  });

const hint = z.boolean().optional();
const hints = z.strictObject({
  ...{ readOnlyHint: hint, destructiveHint: hint, idempotentHint: hint, openWorldHint: hint },
} satisfies Record<keyof Hints, typeof hint>);

const rule = z
  .strictObject({
    ...{
      workspace: globs.optional(),
      user: globs.optional(),
      role: globs.optional(),
      server: globs.optional(),
    },
    ...{ tool: globs.optional(), resource: globs.optional(), prompt: globs.optional() },
    annotations: hints.optional(),
    arguments: z.array(condition).min(1).readonly().optional(),
  })
  .refine(({ annotations, arguments: args, resource, prompt }) => {
    if (annotations !== undefined && (resource ?? prompt) !== undefined) return false;
    return args === undefined || resource === undefined;
  }, "expected no annotations beside resource or prompt, and no arguments beside resource");

const rules = z.strictObject({
  allow: z.array(rule).readonly().optional(),
  deny: z.array(rule).readonly().optional(),
  default: z.enum(["allow", "deny"]).optional(),
});

const aFunction = z.custom<PolicyFunction>((value) => typeof value === "function", "expected a function");
const decider = z.strictObject({ decide: aFunction, annotations: z.boolean().optional() });

/** Checks policies and gives each by itself; throws `CONFIG_INVALID`, naming the path within `path`. */
export function checkPolicy(policy: Policy, path: string): readonly (PolicyRules | PolicyDecider)[] {
  if (Array.isArray(policy)) return policy.map((one, at) => checkOne(one as SinglePolicy, `${path}.${at}`));
  return [checkOne(policy as SinglePolicy, path)];
}

function checkOne(policy: SinglePolicy, path: string): PolicyRules | PolicyDecider {
  if (typeof policy === "function") return { decide: policy };
  const isDecider = typeof policy === "object" && (policy as object | null) !== null && "decide" in policy;
  const schema: z.ZodObject = isDecider ? decider : rules;
  const checked = schema.safeParse(policy);
  if (checked.success) return checked.data as PolicyRules | PolicyDecider;
  throw new TenantryError(
    "CONFIG_INVALID",
    describeIssues(checked.error, path, keysAt(schema, checked.error)),
  );
}

/** Which keys there are where one is unknown: those of a rule, or of the policy itself. */
function keysAt(schema: z.ZodObject, error: z.ZodError): readonly string[] {
  const unknown = error.issues.find((issue) => issue.code === "unrecognized_keys");
  switch (unknown?.path.length) {
    case undefined:
    case 0:
      return Object.keys(schema.shape);
    case 2:
      return Object.keys(rule.shape);
    default:
      return unknown?.path.includes("annotations") ? hintNames : ["path", ...matchers];
  }
}
