import { isThenable, type ApprovalNeeded, type Tool } from "@tenantry/core";
import { reasonOf } from "../catalog/failure.ts";
import { keyOf } from "../catalog/item-list.ts";
import type { Kind } from "../catalog/kind.ts";
import type { Presented } from "../names/presented.ts";
import { noHints } from "../policy/hints.ts";
import type { PolicyRequest } from "../policy/policy.ts";
import type { Verdict } from "../policy/rules.ts";
import type { Candidate, Routing } from "../routing.ts";
import type { Answer } from "../views/list-all.ts";
import type { Asker } from "./guards.ts";
import { guardedKinds, identityThing, itemThing } from "./things.ts";

/** Who asks for a list, and how a policy is asked about it. */
interface Asking {
  readonly who: Asker;
  readonly decide: (request: PolicyRequest) => Verdict | Promise<Verdict>;
}

/** Leaves out of what servers have listed whatever whoever asks may not see, and what is not approved. */
export async function guardAnswers<K extends Kind>(
  routing: Routing,
  kind: K,
  answers: readonly Answer<K>[],
  who: Asker | undefined,
): Promise<readonly Answer<K>[]> {
  const { policy, approvals } = routing.guards;
  if (!policy.isOn && approvals === undefined) return answers;
  const asking: Asking =
    who === undefined
      ? { who: nobodyIn(routing), decide: (request) => policy.decideByRules(request) }
      : { who, decide: (request) => policy.decide(request) };
  return Promise.all(answers.map((answer) => guardOne(routing, kind, answer, asking)));
}

/** Before there is a user, there is what rules allow to somebody without a name or a role. */
function nobodyIn({ workspace }: Routing): Asker {
  return { principal: { workspace, user: "" as never }, roles: [] };
}

async function guardOne<K extends Kind>(
  routing: Routing,
  kind: K,
  answer: Answer<K>,
  asking: Asking,
): Promise<Answer<K>> {
  const { candidate, shown, server } = answer;
  if (candidate === undefined || shown === undefined) return answer;
  try {
    await approveServer(routing, answer);
    const visible = routing.partial.of(shown, await decideAll(routing, kind, { candidate, shown }, asking));
    const unapproved = await reviewAll(routing, kind, visible);
    if (unapproved.size === 0) return { ...answer, shown: visible };
    const approved = visible.own.map((_, at) => !unapproved.has(at));
    return { ...answer, shown: routing.partial.of(visible, approved), unapproved: [...unapproved.values()] };
  } catch (failure) {
    const { shown: _quarantined, ...others } = answer;
    return { ...others, error: reasonOf(failure, server) };
  }
}

/** A server that is not what it was is wholly left out, whatever it lists. */
async function approveServer({ guards }: Routing, { candidate, server, identity }: Answer): Promise<void> {
  await candidate?.route.admit?.();
  if (identity !== undefined) await guards.approvals?.check(identityThing(server, identity));
}

/** Which of a list may be seen; waits only where a function of the host has to be waited for. */
function decideAll<K extends Kind>(
  { guards }: Routing,
  kind: K,
  { candidate, shown }: { readonly candidate: Candidate; readonly shown: Presented<K> },
  { who, decide }: Asking,
): readonly boolean[] | Promise<readonly boolean[]> {
  if (!guards.policy.isOn) return shown.own.map(() => true);
  const { server } = shown;
  const verdicts = shown.own.map((item) =>
    decide({
      ...{ phase: "list", kind: guardedKinds[kind], name: keyOf(kind, item), server },
      ...{ principal: who.principal, roles: who.roles },
      annotations: kind === "tools" ? guards.hintsOf(candidate.listing, item as Tool) : noHints,
    }),
  );
  const isAllowed = (verdict: Verdict) => verdict === "allow";
  if (!verdicts.some(isThenable)) return (verdicts as readonly Verdict[]).map(isAllowed);
  return Promise.all(verdicts.map(async (verdict) => isAllowed(await verdict)));
}

/** What is not approved, by its place in the list. */
async function reviewAll<K extends Kind>(
  { guards: { approvals } }: Routing,
  kind: K,
  { own, server }: Presented<K>,
): Promise<ReadonlyMap<number, ApprovalNeeded>> {
  if (approvals?.isOn(server) !== true || (kind !== "tools" && kind !== "prompts")) return nothing;
  const guarded = kind === "tools" ? "tool" : "prompt";
  const things = own.map((item) => itemThing(server, guarded, item as Tool));
  const needed = await approvals.review(things);
  return needed.size === 0
    ? nothing
    : new Map(
        things.flatMap((thing, at) => {
          const why = needed.get(thing);
          return why === undefined ? [] : [[at, why] as const];
        }),
      );
}

const nothing: ReadonlyMap<number, ApprovalNeeded> = new Map();
