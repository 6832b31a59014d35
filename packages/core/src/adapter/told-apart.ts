import type { ServerId } from "../id.ts";
import type { AmbiguousName } from "../listing.ts";

/** What a framework calls a tool, and whose it is. */
export interface NamedTool {
  readonly name: string;
  readonly server: ServerId;
}

/**
 * Leaves out what has one name with another, and says which: a framework or a provider may cut names or take several signs for
 * one, and whichever it kept, nobody could say which tool is meant.
 */
export function toldApart<T>(
  all: readonly T[],
  called: (one: T) => NamedTool,
): { readonly apart: T[]; readonly ambiguous: AmbiguousName[] } {
  const groups = [...Map.groupBy(all, (one) => called(one).name)];
  return {
    apart: groups.flatMap(([, group]) => (group.length === 1 ? group : [])),
    ambiguous: groups.flatMap(([name, group]) =>
      group.length === 1 ? [] : [{ name, servers: [...new Set(group.map((one) => called(one).server))] }],
    ),
  };
}
