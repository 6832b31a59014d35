import type {
  CatalogPrompt,
  CatalogResource,
  CatalogResourceTemplate,
  CatalogTool,
  Era,
  Listing,
} from "@tenantry/core";
import type { Exchange, Verb } from "../exchange/exchange.ts";
import { invalidParams } from "../wire/failure.ts";
import type { Fields } from "../wire/message.ts";

type Item = CatalogTool | CatalogPrompt | CatalogResource | CatalogResourceTemplate;

/** One kind of list: how it is asked for, and what of it goes out. */
interface Kind<T extends Item> {
  readonly field: string;
  readonly list: (exchange: Exchange) => Promise<Listing & { readonly items: readonly T[] }>;
  /** What tells one from the others, so that a page goes on where the last one stopped. */
  readonly nameOf: (item: T) => string;
}

/** Where a page goes on. */
interface Place {
  readonly field: string;
  readonly after: string;
  readonly at: number;
}

/** The methods that list, one bounded page each. */
export const listVerbs: Readonly<Record<string, Verb>> = Object.freeze({
  "tools/list": kind<CatalogTool>({
    field: "tools",
    list: async ({ client, signal }) => {
      const { tools: items, ...listing } = await client.listTools({ signal });
      return { ...listing, items };
    },
    nameOf: ({ name }) => name,
  }),
  "prompts/list": kind<CatalogPrompt>({
    field: "prompts",
    list: async ({ client, signal }) => {
      const { prompts: items, ...listing } = await client.listPrompts({ signal });
      return { ...listing, items };
    },
    nameOf: ({ name }) => name,
  }),
  "resources/list": kind<CatalogResource>({
    field: "resources",
    list: async ({ client, signal }) => {
      const { resources: items, ...listing } = await client.listResources({ signal });
      return { ...listing, items };
    },
    nameOf: ({ uri, origin }) => `${origin.server} ${uri}`,
  }),
  "resources/templates/list": kind<CatalogResourceTemplate>({
    field: "resourceTemplates",
    list: async ({ client, signal }) => {
      const { resourceTemplates: items, ...listing } = await client.listResourceTemplates({ signal });
      return { ...listing, items };
    },
    nameOf: ({ uriTemplate, origin }) => `${origin.server} ${uriTemplate}`,
  }),
});

function kind<T extends Item>({ field, list, nameOf }: Kind<T>): Verb {
  return async (exchange) => {
    const { era, params, principal, handles, limits } = exchange;
    const place = await placeOf(exchange, field);
    const { items, unavailable } = await list(exchange);
    // Nothing at all from servers that cannot be asked is no list without tools.
    if (field === "tools" && items.length === 0) throwFirst(unavailable);
    const found = place === undefined ? -1 : items.findIndex((item) => nameOf(item) === place.after);
    const start = place === undefined ? 0 : found === -1 ? place.at : found + 1;
    const page = items.slice(start, start + limits.maxPageItems);
    const last = page.at(-1);
    const next = start + page.length;
    const more = last !== undefined && next < items.length;
    const cursor =
      more &&
      (await handles.seal("cursor", principal, { field, after: nameOf(last), at: next }, limits.answerMs));
    return {
      [field]: page.map((item) => outgoing(item, era)),
      ...(more && { nextCursor: cursor }),
      ...(unavailable.length > 0 && params["cursor"] === undefined && { _meta: missing(unavailable) }),
      ...(era === "modern" && { ttlMs: limits.listTtlMs, cacheScope: "private" }),
    };
  };
}

async function placeOf(
  { era, params, principal, handles }: Exchange,
  field: string,
): Promise<Place | undefined> {
  const { cursor } = params;
  if (cursor === undefined) return undefined;
  const opened = await handles.open<Place>("cursor", principal, cursor);
  if (opened.kind === "own" && opened.value.field === field) return opened.value;
  throw invalidParams("There is no such cursor.", era === "modern" ? 404 : 200);
}

function throwFirst(unavailable: Listing["unavailable"]): void {
  const [first] = unavailable;
  if (first !== undefined) throw first.error;
}

/** Says which servers are missing from a list: their names and whether it is worth asking again. */
function missing(unavailable: Listing["unavailable"]): Fields {
  return {
    "tenantry/unavailable": unavailable.map(({ server, error }) => ({
      server,
      code: error.code,
      retryable: error.retryable,
    })),
  };
}

/** An item as a client of the era takes it; clients of the legacy era refuse a whole list for one schema that is no object's. */
function outgoing({ origin: _origin, ...item }: Item, era: Era): object {
  if (era === "modern" || !("outputSchema" in item) || item.outputSchema?.["type"] === "object") return item;
  const { outputSchema: _newer, ...rest } = item;
  return rest;
}
