import type { PolicyRequest, PolicyRules } from "./policy.ts";
import { compileRule, type CompiledRule, type ServerRequest } from "./rule.ts";

/** What a policy says; `unknown` where it needs to know a tool's annotations first. */
export type Verdict = "allow" | "deny" | "unknown";

/** Rules that are ready to be asked. */
export interface CompiledRules {
  /** Whether anything of a server may be allowed to this user; where not, the server need not be asked. */
  mayAllow(request: ServerRequest): boolean;
  decide(request: PolicyRequest): Verdict;
}

/** Compiles rules; what one of `deny` is about is denied, whatever the others say. */
export function compileRules({ allow, deny = [], default: given }: PolicyRules): CompiledRules {
  const denials = deny.map((rule) => compileRule(rule, "deny"));
  const allowances = (allow ?? []).map((rule) => compileRule(rule, "allow"));
  const rest: Verdict = given ?? (allow === undefined ? "allow" : "deny");
  return {
    mayAllow(request) {
      if (denials.some((rule) => rule.matchesAll(request))) return false;
      return rest === "allow" || allowances.some((rule) => rule.mayMatch(request));
    },
    decide(request) {
      const denied = anyOf(denials, request);
      if (denied === "yes") return "deny";
      const allowed = rest === "allow" ? "yes" : anyOf(allowances, request);
      if (allowed === "no") return "deny";
      return denied === "unknown" || allowed === "unknown" ? "unknown" : "allow";
    },
  };
}

function anyOf(rules: readonly CompiledRule[], request: PolicyRequest) {
  let result: "no" | "unknown" = "no";
  for (const rule of rules) {
    const match = rule.match(request);
    if (match === "yes") return match;
    if (match === "unknown") result = match;
  }
  return result;
}
