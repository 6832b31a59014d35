import type { ServerId } from "@tenantry/core";
import type { Thing } from "../approvals/approvals.ts";
import type { Kind } from "../catalog/kind.ts";
import type { GuardedKind } from "../policy/policy.ts";

/** What policies call each kind of a catalog. */
export const guardedKinds = Object.freeze({
  tools: "tool",
  prompts: "prompt",
  resources: "resource",
  resourceTemplates: "resourceTemplate",
} as const satisfies { readonly [K in Kind]: GuardedKind });

/** What a server says that it is, as something to be approved. */
export function identityThing(server: ServerId, definition: object): Thing {
  return { server, kind: "identity", name: "", definition };
}

/** A tool or a prompt as something to be approved. */
export function itemThing(
  server: ServerId,
  kind: "tool" | "prompt",
  definition: { readonly name: string },
): Thing {
  return { server, kind, name: definition.name, definition };
}
