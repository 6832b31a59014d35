import type { Aftermath, Outcome } from "./run.ts";

/** Says what should not have been: nothing, where the cut-over did no harm. */
export function violationsOf(aftermath: Aftermath): readonly string[] {
  return [...endings(aftermath), ...executions(aftermath), ...failures(aftermath), ...routes(aftermath)];
}

/** Every call ends exactly once. */
function endings({ calls, outcomes }: Aftermath): string[] {
  const ended = countsOf(outcomes.map(({ id }) => id));
  return Array.from({ length: calls }, (_none, id) => id).flatMap((id) => {
    const times = ended.get(id) ?? 0;
    return times === 1 ? [] : [`call ${id} ended ${times} times`];
  });
}

/** No call that changes something is run twice; one that looks may be, where the first run's answer was lost. */
function executions({ outcomes, done, underWay }: Aftermath): string[] {
  const times = countsOf([...done.before, ...done.after]);
  const places = { before: new Set(done.before), after: new Set(done.after) };
  return outcomes.flatMap(({ id, kind, by }) => {
    const runs = times.get(id) ?? 0;
    const most = kind === "look" && underWay.has(id) ? 2 : 1;
    const found: string[] = [];
    if (runs > most) found.push(`call ${id} (${kind}) was run ${runs} times`);
    if (by !== undefined && !(by in places && places[by as "before" | "after"].has(id)))
      found.push(`call ${id} (${kind}) was answered by ${by}, which did not run it`);
    return found;
  });
}

/** Only what changes something and was under way at the failed upstream may be in doubt; everything else is answered. */
function failures({ outcomes, underWay }: Aftermath): string[] {
  const mayFail = ({ id, kind, failure }: Outcome) =>
    failure?.code === "DELIVERY_UNKNOWN" && kind === "change" && underWay.has(id);
  return outcomes
    .filter((outcome) => outcome.failure !== undefined && !mayFail(outcome))
    .map(({ id, kind, failure }) => `call ${id} (${kind}) ended in ${failure?.code} (${failure?.delivery})`);
}

/** The route moved, and was taken back by itself. */
function routes({ calls, outcomes, done, underWay, server }: Aftermath): string[] {
  const found: string[] = [];
  if (server?.route !== "before" || server.rolledBack?.from !== "after")
    found.push(`the route is ${JSON.stringify(server?.route)}, and was not taken back`);
  // Those that were under way at the failure may have been run again, wherever they began.
  const settled = outcomes.filter(({ id }) => !underWay.has(id));
  const range = (from: number, to: number) =>
    settled.filter(({ id }) => id >= calls * from && id < calls * to).map(({ by }) => by);
  if (range(0, 0.15).includes("after")) found.push("calls were moved before anybody wanted that");
  if (range(0.2, 0.3).every((place) => place !== "after")) found.push("no share was moved");
  if (range(0.35, 0.45).includes("before")) found.push("not everybody was moved");
  if (range(0.6, 1).includes("after")) found.push("calls went to what was killed");
  if (done.after.length === 0 || underWay.size === 0) found.push("nothing was under way at the failure");
  return found;
}

/** How often each id is there. */
export function countsOf(ids: readonly number[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}
