import { isThenable, isTraced, traced } from "@tenantry/core";
import type { Policy, PolicyDecider, PolicyRequest } from "./policy.ts";
import type { ServerRequest } from "./rule.ts";
import { compileRules, type CompiledRules, type Verdict } from "./rules.ts";
import { checkPolicy } from "./schema.ts";

/** All policies of a workspace, of which every one has to allow what is allowed. */
export class PolicyGuard {
  readonly #rules: readonly CompiledRules[];
  readonly #deciders: readonly PolicyDecider[];

  /** Throws `CONFIG_INVALID`, naming the path of what is wrong. */
  constructor(policies: readonly { readonly policy: Policy; readonly path: string }[]) {
    const all = policies.flatMap(({ policy, path }) => checkPolicy(policy, path));
    this.#rules = all.flatMap((one) => ("decide" in one ? [] : [compileRules(one)]));
    this.#deciders = all.flatMap((one) => ("decide" in one ? [one] : []));
  }

  /** Whether anything could be denied. */
  get isOn(): boolean {
    return this.#rules.length + this.#deciders.length > 0;
  }

  /** Whether anything of a server may be allowed to this user; only rules can tell before something is named. */
  mayAllow(request: ServerRequest): boolean {
    return this.#rules.every((rules) => rules.mayAllow(request));
  }

  /** Decides at once where no function of the host has to be waited for and nobody listens. */
  decide(request: PolicyRequest): Verdict | Promise<Verdict> {
    if (isTraced("tenantry:router:policy")) return this.#traced(request);
    try {
      const verdict = this.#decide(request);
      return isThenable(verdict) ? Promise.resolve(verdict).catch(() => "deny") : verdict;
    } catch {
      return "deny";
    }
  }

  /** What rules alone say, where there is nobody whom a function could be asked about. */
  decideByRules(request: PolicyRequest): Verdict {
    return allOf(this.#rules.map((rules) => rules.decide(request)));
  }

  async #traced(request: PolicyRequest): Promise<Verdict> {
    const { principal, server, kind, name, phase } = request;
    // A resource's URI may hold what nobody else should read.
    const named = kind === "tool" || kind === "prompt" ? { name } : {};
    try {
      return await traced(
        "tenantry:router:policy",
        () => ({ principal, server, kind, phase, ...named }),
        async (event) => {
          const verdict = await this.#decide(request);
          if (event !== undefined) event.decision = verdict === "unknown" ? "undecided" : verdict;
          return verdict;
        },
      );
    } catch {
      // Whoever listens has heard of it.
      return "deny";
    }
  }

  /** The host's functions are asked only for what the rules allow, one after the other. */
  #decide(request: PolicyRequest): Verdict | Promise<Verdict> {
    const verdict = this.decideByRules(request);
    if (verdict === "deny" || this.#deciders.length === 0) return verdict;
    return verdict === "unknown" ? verdict : this.#ask(request, 0);
  }

  #ask(request: PolicyRequest, from: number): Verdict | Promise<Verdict> {
    for (let at = from; at < this.#deciders.length; at++) {
      const { decide, annotations } = this.#deciders[at] as PolicyDecider;
      if (annotations === true && request.annotations === undefined) return "unknown";
      const answer: unknown = decide(request);
      if (isThenable(answer)) return this.#await(answer, request, at + 1);
      if (answer !== true) return "deny";
    }
    return "allow";
  }

  async #await(answer: PromiseLike<unknown>, request: PolicyRequest, next: number): Promise<Verdict> {
    return (await answer) === true ? this.#ask(request, next) : "deny";
  }
}

function allOf(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes("deny")) return "deny";
  return verdicts.includes("unknown") ? "unknown" : "allow";
}
