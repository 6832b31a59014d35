import type {
  Listing,
  PromptListing,
  ResourceListing,
  ResourceTemplateListing,
  ToolListing,
} from "@tenantry/core";
import type { Kind } from "../catalog/kind.ts";
import type { CatalogItems, Presented } from "../names/presented.ts";
import type { Routing } from "../routing.ts";
import { unavailableOf, type Answer } from "./list-all.ts";

interface Whole<K extends Kind> extends Listing {
  readonly items: readonly CatalogItems[K][];
}

/** The tools of all servers as their caller is given them. */
export function toolListing(routing: Routing, answers: readonly Answer<"tools">[]): ToolListing {
  const { items: tools, ...rest } = wholeOf(routing, "tools", answers);
  return Object.freeze({ tools, ...rest });
}

/** As {@link toolListing}. */
export function promptListing(routing: Routing, answers: readonly Answer<"prompts">[]): PromptListing {
  const { items: prompts, ...rest } = wholeOf(routing, "prompts", answers);
  return Object.freeze({ prompts, ...rest });
}

/** As {@link toolListing}. */
export function resourceListing(routing: Routing, answers: readonly Answer<"resources">[]): ResourceListing {
  const { items: resources, ...rest } = wholeOf(routing, "resources", answers);
  return Object.freeze({ resources, ...rest });
}

/** As {@link toolListing}. */
export function templateListing(
  routing: Routing,
  answers: readonly Answer<"resourceTemplates">[],
): ResourceTemplateListing {
  const { items: resourceTemplates, ...rest } = wholeOf(routing, "resourceTemplates", answers);
  return Object.freeze({ resourceTemplates, ...rest });
}

/** The lists that were answered, in the order of the servers. */
function shownOf<K extends Kind>(answers: readonly Answer<K>[]): readonly Presented<K>[] {
  return answers.flatMap(({ shown }) => shown ?? []);
}

function wholeOf<K extends Kind>({ merged }: Routing, kind: K, answers: readonly Answer<K>[]): Whole<K> {
  const { items, ambiguous } = merged.merge(kind, shownOf(answers));
  const unavailable = unavailableOf(answers);
  const unapproved = Object.freeze(answers.flatMap((answer) => answer.unapproved ?? []));
  return {
    ...{ items, unavailable },
    ...(unapproved.length > 0 && { unapproved }),
    ...(ambiguous.length > 0 && { ambiguous }),
  };
}
