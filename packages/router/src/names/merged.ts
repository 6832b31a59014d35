import type { AmbiguousName, ServerId } from "@tenantry/core";
import { kinds, type Kind } from "../catalog/kind.ts";
import type { CatalogItems, Presented } from "./presented.ts";

/** The lists of several servers as one. Frozen throughout. */
export interface Merged<K extends Kind = Kind> {
  readonly items: readonly CatalogItems[K][];
  /** Names that more than one has; none of these is in `items`. */
  readonly ambiguous: readonly AmbiguousName[];
}

/** A way through the lists that were merged so far. */
interface Step {
  merged?: Merged;
  readonly next: WeakMap<Presented, Step>;
}

/**
 * Merges lists, each combination once: whoever is shown the same lists is given the same whole. It is found list by list,
 * and forgotten with any of them.
 */
export class MergedLists {
  readonly #first: Readonly<Record<Kind, Step>> = {
    tools: newStep(),
    prompts: newStep(),
    resources: newStep(),
    resourceTemplates: newStep(),
  };

  merge<K extends Kind>(kind: K, lists: readonly Presented<K>[]): Merged<K> {
    let step = this.#first[kind];
    for (const list of lists as readonly Presented[]) {
      let next = step.next.get(list);
      if (next === undefined) step.next.set(list, (next = newStep()));
      step = next;
    }
    return (step.merged ??= mergeAnew(kind, lists as readonly Presented[])) as Merged<K>;
  }
}

function newStep(): Step {
  return { next: new WeakMap() };
}

function mergeAnew(kind: Kind, lists: readonly Presented[]): Merged {
  const ambiguous = hasNames(kind) ? ambiguousOf(lists) : noNames;
  const all = lists.flatMap(({ items }) => items);
  const items = ambiguous.size === 0 ? all : all.filter((item) => !ambiguous.has(item.name));
  return Object.freeze({
    items: Object.freeze(items),
    ambiguous: Object.freeze(
      [...ambiguous].map(([name, servers]) => Object.freeze({ name, servers: Object.freeze([...servers]) })),
    ),
  });
}

/** What has a URI keeps it, and two servers may have the same. */
function hasNames(kind: Kind): boolean {
  return kinds[kind].key === "name";
}

function ambiguousOf(lists: readonly Presented[]): ReadonlyMap<string, ReadonlySet<ServerId>> {
  const owners = new Map<string, { count: number; readonly servers: Set<ServerId> }>();
  for (const { server, items } of lists) {
    for (const { name } of items) {
      const known = owners.get(name);
      if (known === undefined) owners.set(name, { count: 1, servers: new Set([server]) });
      else {
        known.count++;
        known.servers.add(server);
      }
    }
  }
  return new Map(
    [...owners].filter(([, { count }]) => count > 1).map(([name, { servers }]) => [name, servers]),
  );
}

const noNames: ReadonlyMap<string, ReadonlySet<ServerId>> = new Map();
