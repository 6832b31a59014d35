import { isThenable, type ApprovalNeeded, type Tool, type WorkspaceId } from "@tenantry/core";
import { reasonOf } from "../catalog/failure.ts";
import { keyOf } from "../catalog/item-list.ts";
import type { Kind } from "../catalog/kind.ts";
import type { Presented } from "../names/presented.ts";
import { noHints } from "../policy/hints.ts";
import type { Verdict } from "../policy/rules.ts";
import type { Candidate, Routing } from "../routing.ts";
import type { Answer } from "../views/list-all.ts";
import type { Asker } from "./guards.ts";
import { guardedKinds, identityThing, itemThing } from "./things.ts";

/** Leaves out of what servers have listed whatever whoever asks may not see, and what is not approved. */
export async function guardAnswers<K extends Kind>(
  routing: Routing,
  kind: K,
  answers: readonly Answer<K>[],
  who: Asker | undefined,
): Promise<readonly Answer<K>[]> {
  const { policy, approvals } = routing.guards;
  if (!policy.isOn && approvals === undefined) return answers;
  return Promise.all(answers.map((answer) => guardOne(routing, kind, answer, who)));
}

/** Before there is a user, there is what rules allow to somebody without a name or a role. */
function nobodyIn(workspace: WorkspaceId): Asker {
  return { principal: { workspace, user: "" as never }, roles: [] };
}

async function guardOne<K extends Kind>(
  routing: Routing,
  kind: K,
  answer: Answer<K>,
  who: Asker | undefined,
): Promise<Answer<K>> {
  const { candidate, shown, server } = answer;
  if (candidate === undefined || shown === undefined) return answer;
  try {
    await approveServer(routing, answer);
    const visible = await visibleTo(routing, kind, { candidate, shown }, who);
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

/** What may be seen of a list; waits only where a function of the host has to be waited for. */
function visibleTo<K extends Kind>(
  { workspace, partial, guards }: Routing,
  kind: K,
  { candidate, shown }: { readonly candidate: Candidate; readonly shown: Presented<K> },
  who: Asker | undefined,
): Presented<K> | Promise<Presented<K>> {
  const { policy } = guards;
  if (!policy.isOn) return shown;
  const about = { ...(who ?? nobodyIn(workspace)), server: shown.server };
  const judge = policy.judge(about, who === undefined);
  const known = policy.decided<Presented<K>>(judge, shown);
  if (known !== undefined) return known;
  const verdicts = shown.own.map((item) =>
    judge.decide({
      ...about,
      phase: "list",
      kind: guardedKinds[kind],
      name: keyOf(kind, item),
      annotations: kind === "tools" ? guards.hintsOf(candidate.listing, item as Tool) : noHints,
    }),
  );
  const visible = (all: readonly Verdict[]) => {
    const part = partial.of(
      shown,
      all.map((verdict) => verdict === "allow"),
    );
    policy.keep(judge, shown, part);
    return part;
  };
  if (!verdicts.some(isThenable)) return visible(verdicts as readonly Verdict[]);
  return Promise.all(verdicts.map(async (verdict) => verdict)).then(visible);
}

/** What is not approved, by its place in the list. */
async function reviewAll<K extends Kind>(
  { guards: { approvals } }: Routing,
  kind: K,
  visible: Presented<K>,
): Promise<ReadonlyMap<number, ApprovalNeeded>> {
  if (approvals === undefined || (kind !== "tools" && kind !== "prompts")) return nothing;
  const { own, server } = visible;
  const guarded = kind === "tools" ? "tool" : "prompt";
  return approvals.review(server, visible, () => own.map((item) => itemThing(server, guarded, item as Tool)));
}

const nothing: ReadonlyMap<number, ApprovalNeeded> = new Map();
