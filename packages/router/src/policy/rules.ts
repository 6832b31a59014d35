import type { PolicyRequest, PolicyRules } from "./policy.ts";
import { compileRule, type CompiledRule, type Match, type ServerRequest } from "./rule.ts";

/** What a policy says; `unknown` where it needs to know a tool's annotations first. */
export type Verdict = "allow" | "deny" | "unknown";

/** Rules that are ready to be asked. */
export interface CompiledRules {
  /** Whether anything of a server may be allowed to this user; where not, the server need not be asked. */
  mayAllow(request: ServerRequest): boolean;
  decide(request: PolicyRequest): Verdict;
  /** Only those that may be about a server for this user: they decide as all do, in less time. */
  about(request: ServerRequest): RulesThere;
}

/** The rules that may be about a server for some users. */
interface RulesThere {
  /** The same for whoever the same rules may be about. */
  readonly id: string;
  decide(request: PolicyRequest): Verdict;
}

/** Compiles rules; what one of `deny` is about is denied, whatever the others say. */
export function compileRules({ allow, deny = [], default: given }: PolicyRules): CompiledRules {
  const denials = deny.map((rule) => compileRule(rule, "deny"));
  const rest = given ?? (allow === undefined ? "allow" : "deny");
  // Where everything else is allowed, nothing more can be.
  const allowances = rest === "allow" ? [] : (allow ?? []).map((rule) => compileRule(rule, "allow"));
  return {
    mayAllow(request) {
      if (denials.some((rule) => rule.matchesAll(request))) return false;
      return rest === "allow" || allowances.some((rule) => rule.mayMatch(request));
    },
    decide: decision(
      denials.map(({ match }) => match),
      allowances.map(({ match }) => match),
      rest,
    ),
    about(request) {
      const [denying, allowing] = [denials, allowances].map((rules) =>
        rules.map((rule) => rule.mayMatch(request)),
      );
      const there = (rules: readonly CompiledRule[], may: readonly boolean[] = []) =>
        rules.filter((_, at) => may[at]).map(({ matchThere }) => matchThere);
      const decide = decision(there(denials, denying), there(allowances, allowing), rest);
      return { decide, id: JSON.stringify([denying, allowing]) };
    },
  };
}

type Matcher = CompiledRule["match"];

function decision(denials: readonly Matcher[], allowances: readonly Matcher[], rest: "allow" | "deny") {
  return (request: PolicyRequest): Verdict => {
    const denied = anyOf(denials, request);
    if (denied === "yes") return "deny";
    const allowed = rest === "allow" ? "yes" : anyOf(allowances, request);
    if (allowed === "no") return "deny";
    return denied === "unknown" || allowed === "unknown" ? "unknown" : "allow";
  };
}

function anyOf(matchers: readonly Matcher[], request: PolicyRequest): Match {
  let result: Match = "no";
  for (const matches of matchers) {
    const match = matches(request);
    if (match === "yes") return match;
    if (match === "unknown") result = match;
  }
  return result;
}
