import type {
  CatalogPrompt,
  CatalogResource,
  CatalogResourceTemplate,
  CatalogTool,
  ServerId,
} from "@tenantry/core";
import type { ItemList } from "../catalog/item-list.ts";
import { kinds, type Items, type Kind } from "../catalog/kind.ts";
import type { ToolOverride } from "../routing.ts";
import { toolName } from "./tool-name.ts";

/** What a listing shows of each kind. */
export interface CatalogItems {
  readonly tools: CatalogTool;
  readonly prompts: CatalogPrompt;
  readonly resources: CatalogResource;
  readonly resourceTemplates: CatalogResourceTemplate;
}

/** One server's list as a workspace shows it. Frozen throughout, and one for all who are shown the same. */
export interface Presented<K extends Kind = Kind> {
  readonly kind: K;
  readonly server: ServerId;
  readonly items: readonly CatalogItems[K][];
  /**
   * By the name in the catalog, or the URI or URI template: which of `items` it is. Names are never taken apart; what two of
   * them have is nobody's, and not in it.
   */
  readonly places: ReadonlyMap<string, number>;
  /** The server's own words for each of `items`. */
  readonly own: readonly Items[K][];
}

/** How a workspace names what its servers list: after their servers, or by the servers' own names. */
export type NameMode = "prefixed" | "plain";

/** How one server's lists are shown. */
export interface Presentation {
  readonly server: ServerId;
  readonly names: NameMode;
  readonly tools: ReadonlyMap<string, ToolOverride>;
}

/** Whether a catalog can have a name: 1 to 64 characters of `[A-Za-z0-9_-]`. */
export function isCatalogName(name: unknown): name is string {
  return typeof name === "string" && /^[A-Za-z0-9_-]{1,64}$/u.test(name);
}

/** Shows a list as a workspace wants it shown; what was switched off is not in it. */
export function present<K extends Kind>(
  { kind, items: own }: ItemList<K>,
  how: Presentation,
  isStale: boolean,
): Presented<K> {
  const shown = own.flatMap((item) => {
    const made = presentOne(kind, item, how, isStale);
    return made === undefined ? [] : [{ made: Object.freeze(made), item }];
  });
  const items = Object.freeze(shown.map(({ made }) => made as CatalogItems[K]));
  const places = placesOf(kind, items);
  return Object.freeze({ kind, server: how.server, items, places, own: shown.map(({ item }) => item) });
}

/** Where each name of a list is that only one in it has. */
export function placesOf(kind: Kind, items: readonly object[]): ReadonlyMap<string, number> {
  const { key } = kinds[kind];
  const places = new Map<string, number>();
  const shared = new Set<string>();
  items.forEach((item, at) => {
    const name = (item as Readonly<Record<string, string>>)[key] ?? "";
    if (places.has(name)) shared.add(name);
    places.set(name, at);
  });
  for (const name of shared) places.delete(name);
  return places;
}

function presentOne(
  kind: Kind,
  item: Items[Kind],
  { server, names, tools }: Presentation,
  isStale: boolean,
): CatalogItems[Kind] | undefined {
  const origin = { server, ...(isStale && { stale: true as const }) };
  switch (kind) {
    case "resources":
    case "resourceTemplates":
      return { ...(item as Items["resources"]), origin: Object.freeze(origin) };
    case "prompts": {
      const { name } = item;
      return {
        ...(item as Items["prompts"]),
        ...named(server, name, names),
        origin: Object.freeze({ ...origin, prompt: name }),
      };
    }
    case "tools": {
      const { name } = item;
      const { enabled = true, name: alias, title, description } = tools.get(name) ?? {};
      if (!enabled) return undefined;
      return {
        ...(item as Items["tools"]),
        ...(title !== undefined && { title }),
        ...(description !== undefined && { description }),
        ...(alias === undefined ? named(server, name, names) : { name: alias }),
        origin: Object.freeze({ ...origin, tool: name }),
      };
    }
  }
}

/** A name that a catalog cannot have is written as it is beside a prefix. */
function named(server: ServerId, name: string, names: NameMode): { readonly name: string } {
  return { name: names === "plain" && isCatalogName(name) ? name : toolName(server, name) };
}
