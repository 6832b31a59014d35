import type { Json, JsonObject } from "@tenantry/core";
import { compileGlobs } from "./glob.ts";
import { hintNames, type Hints } from "./hints.ts";
import type { ArgumentCondition, GuardedKind, PolicyRequest, PolicyRule } from "./policy.ts";

/** What a rule says of a request: whether it is about it, or that the tool's annotations have to be known first. */
export type Match = "yes" | "no" | "unknown";

/** Who asks for a server. */
export type ServerRequest = Pick<PolicyRequest, "principal" | "roles" | "server">;

/** A rule that is ready to be asked. */
export interface CompiledRule {
  /** Whether it is about anything of this server for this user. */
  mayMatch(request: ServerRequest): boolean;
  /** Whether it is about everything of this server for this user. */
  matchesAll(request: ServerRequest): boolean;
  match(request: PolicyRequest): Match;
  /** As {@link match}, of a user and a server whom it {@link mayMatch} is known of. */
  matchThere(request: PolicyRequest): Match;
}

/** Compiles a rule. `effect` says what is to be made of what is not known: an `allow` needs certainty, a `deny` none. */
export function compileRule(rule: PolicyRule, effect: "allow" | "deny"): CompiledRule {
  const about = compileServer(rule);
  const things = compileThings(rule);
  const hints = compileHints(rule.annotations, effect);
  const args = compileArguments(rule.arguments, effect);
  const isWhole = things === undefined && hints === undefined && args === undefined;
  const matchThere = (request: PolicyRequest): Match => {
    if (things?.(request.kind, request.name) === false || args?.(request) === false) return "no";
    return hints?.(request.annotations) ?? "yes";
  };
  return {
    mayMatch: about,
    matchesAll: (request) => isWhole && about(request),
    match: (request) => (about(request) ? matchThere(request) : "no"),
    matchThere,
  };
}

function compileServer({ workspace, user, role, server }: PolicyRule): (request: ServerRequest) => boolean {
  const [isWorkspace, isUser, isRole, isServer] = [workspace, user, role, server].map(compileGlobs);
  return ({ principal, roles, server: id }) =>
    isServer?.(id) !== false &&
    isWorkspace?.(principal.workspace) !== false &&
    isUser?.(principal.user) !== false &&
    (isRole === undefined || roles.some(isRole));
}

function compileThings(rule: PolicyRule): ((kind: GuardedKind, name: string) => boolean) | undefined {
  const { annotations, arguments: args } = rule;
  const named = rule.tool ?? rule.prompt ?? rule.resource;
  // What only tools have makes a rule of no other kind.
  const tool = named === undefined && (annotations ?? args) !== undefined ? "*" : rule.tool;
  if (tool === undefined && named === undefined) return undefined;
  const matchers = {
    tool: compileGlobs(tool),
    prompt: compileGlobs(rule.prompt),
    resource: compileGlobs(rule.resource),
    resourceTemplate: compileGlobs(rule.resource),
  };
  return (kind, name) => matchers[kind]?.(name) === true;
}

function compileHints(wanted: Hints | undefined, effect: "allow" | "deny") {
  const entries = hintNames.flatMap((name) =>
    wanted?.[name] === undefined ? [] : [[name, wanted[name]] as const],
  );
  if (entries.length === 0) return undefined;
  return (hints: Hints | undefined): Match => {
    if (hints === undefined) return "unknown";
    const isMet = entries.every(
      ([name, value]) => (hints[name] ?? (effect === "deny" ? value : undefined)) === value,
    );
    return isMet ? "yes" : "no";
  };
}

function compileArguments(conditions: readonly ArgumentCondition[] | undefined, effect: "allow" | "deny") {
  if (conditions === undefined) return undefined;
  const checks = conditions.map(compileCondition);
  return ({ phase, arguments: args }: PolicyRequest) => {
    // A list shows what may be called with some arguments.
    if (phase === "list") return effect === "allow";
    return checks.every((isMet) => isMet(args ?? {}));
  };
}

function compileCondition({ path, equals, oneOf, noneOf, present }: ArgumentCondition) {
  const steps = typeof path === "string" ? [path] : path;
  const allowed = equals === undefined ? oneOf : [equals];
  return (args: JsonObject): boolean => {
    const value = valueAt(args, steps);
    if (allowed !== undefined) return allowed.some((one) => one === value);
    if (noneOf !== undefined) return !noneOf.some((one) => one === value);
    return (value !== undefined) === present;
  };
}

function valueAt(args: JsonObject, steps: readonly (string | number)[]): Json | undefined {
  let value: Json | undefined = args;
  for (const step of steps) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string | number, Json>>)[step];
  }
  return value;
}
