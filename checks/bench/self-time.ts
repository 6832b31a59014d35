// Reads a profile of V8: whose functions the time was spent in, not counting what they called.
import type { Profiler } from "node:inspector";
import { table } from "./table.ts";

/** Whose code a script is, by the first that its url matches. */
const owners: readonly (readonly [RegExp, string])[] = [
  [/node_modules\/undici\//, "undici"],
  [/node_modules\/@modelcontextprotocol\//, "the official SDK"],
  [/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/, "$1"],
  [/\/packages\/([^/]+(?:\/[^/]+)?)\/src\//, "packages/$1"],
  [/\/checks\/bench\//, "the bench"],
  [/^node:internal\/deps\/undici/, "Node's undici"],
  [/^node:/, "Node's own modules"],
];

/** In microseconds: how often the profiler looks. */
export const interval = 200;

/** The share of each owner; `cpu` is what the whole call costs, in microseconds. */
export function ownersTable(profile: Profiler.Profile, cpu: number): string {
  return tableOf(
    "whose",
    selfTimes(profile, ({ callFrame }) => ownerOf(callFrame)),
    cpu,
    Infinity,
  );
}

/** The functions that took most. */
export function functionsTable(profile: Profiler.Profile, cpu: number, most: number): string {
  const times = selfTimes(profile, ({ callFrame }) => {
    const { functionName, url, lineNumber } = callFrame;
    const file = url.split("/").at(-1);
    const where = file === "" ? "" : ` ${file}:${lineNumber + 1}`;
    return `${functionName || "(anonymous)"}${where} (${ownerOf(callFrame)})`;
  });
  return tableOf("which", times, cpu, most);
}

/** Native code has no script: V8 names what it does in parentheses, and built-in functions by their name. */
function ownerOf({ url, functionName }: Profiler.ProfileNode["callFrame"]): string {
  for (const [pattern, owner] of owners) {
    const found = pattern.exec(url);
    if (found !== null) return owner.replace("$1", found[1] ?? "");
  }
  return functionName.startsWith("(") ? functionName : "V8's built-ins";
}

/** Microseconds by whatever `key` says, most first; the time in which nothing was to be done is left out. */
function selfTimes(
  { nodes, samples = [], timeDeltas = [] }: Profiler.Profile,
  key: (node: Profiler.ProfileNode) => string,
): readonly (readonly [string, number])[] {
  const keys = new Map(nodes.map((node) => [node.id, key(node)]));
  const times = new Map<string, number>();
  for (const [at, id] of samples.entries()) {
    const name = keys.get(id) ?? "";
    if (name.includes("(idle)")) continue;
    // While another process had the processor, nothing was done here, whatever the clock says.
    times.set(name, (times.get(name) ?? 0) + Math.min(timeDeltas[at] ?? 0, 2 * interval));
  }
  return [...times].sort(([, one], [, other]) => other - one);
}

function tableOf(
  head: string,
  times: readonly (readonly [string, number])[],
  cpu: number,
  most: number,
): string {
  const total = times.reduce((sum, [, time]) => sum + time, 0);
  const rows = times
    .slice(0, most)
    .map(([name, time]) => [
      name,
      `${((time * 100) / total).toFixed(1)} %`,
      ((cpu * time) / total).toFixed(2),
    ]);
  return table([head, "self time", "µs a call"], rows);
}
