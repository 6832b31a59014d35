import { isThenable, isTraced, traced } from "@tenantry/core";
import type { Policy, PolicyDecider, PolicyRequest } from "./policy.ts";
import type { ServerRequest } from "./rule.ts";
import { compileRules, type CompiledRules, type Verdict } from "./rules.ts";
import { checkPolicy } from "./schema.ts";

/** All policies of a workspace, of which every one has to allow what is allowed. */
export class PolicyGuard {
  readonly #rules: readonly CompiledRules[];
  readonly #deciders: readonly PolicyDecider[];
  readonly #everything: Judge;
  /** What was decided of lists that change no more, by {@link Judge.id}. */
  readonly #decided = new WeakMap<object, Map<string, unknown>>();

  /** Throws `CONFIG_INVALID`, naming the path of what is wrong. */
  constructor(policies: readonly { readonly policy: Policy; readonly path: string }[]) {
    const all = policies.flatMap(({ policy, path }) => checkPolicy(policy, path));
    this.#rules = all.flatMap((one) => ("decide" in one ? [] : [compileRules(one)]));
    this.#deciders = all.flatMap((one) => ("decide" in one ? [one] : []));
    this.#everything = new Judge(this.#rules, this.#deciders);
  }

  /** Whether anything could be denied. */
  get isOn(): boolean {
    return this.#rules.length + this.#deciders.length > 0;
  }

  /** Whether anything of a server may be allowed to this user; only rules can tell before something is named. */
  mayAllow(request: ServerRequest): boolean {
    return this.#rules.every((rules) => rules.mayAllow(request));
  }

  /** Decides one request, as {@link Judge.decide} does. */
  decide(request: PolicyRequest): Verdict | Promise<Verdict> {
    return this.#everything.decide(request);
  }

  /** Whoever decides many requests of one user about one server; `byRules` where there is nobody to ask functions about. */
  judge(about: ServerRequest, byRules = false): Judge {
    return new Judge(
      this.#rules.map((rules) => rules.about(about)),
      byRules ? [] : this.#deciders,
    );
  }

  /** Gives what was made of a list by this judge, or by one who decides the same; `undefined` where nobody can tell. */
  decided<T>({ id }: Judge, list: object): T | undefined {
    return id === undefined ? undefined : (this.#decided.get(list)?.get(id) as T | undefined);
  }

  /** Keeps what was made of a list by this judge. */
  keep({ id }: Judge, list: object, made: unknown): void {
    if (id === undefined) return;
    const known = this.#decided.get(list) ?? new Map<string, unknown>();
    this.#decided.set(list, known);
    if (known.size < maxDecided) known.set(id, made);
  }
}

/** For how many kinds of users it is kept what was decided of one list. */
const maxDecided = 256;

/** Decides by rules and then by functions of the host. */
export class Judge {
  readonly #rules: readonly Pick<CompiledRules, "decide">[];
  readonly #deciders: readonly PolicyDecider[];
  /** The same for all for whom the same is decided of the same list; `undefined` where functions decide too. */
  readonly id: string | undefined;

  constructor(
    rules: readonly (Pick<CompiledRules, "decide"> & { readonly id?: string })[],
    deciders: readonly PolicyDecider[],
  ) {
    this.#rules = rules;
    this.#deciders = deciders;
    this.id = deciders.length > 0 ? undefined : rules.map(({ id = "" }) => id).join(" ");
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
    let isKnown = true;
    for (const rules of this.#rules) {
      const verdict = rules.decide(request);
      if (verdict === "deny") return verdict;
      if (verdict === "unknown") isKnown = false;
    }
    return isKnown ? this.#ask(request, 0) : "unknown";
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
