import type { ListOptions, PromptAddress, ResourceAddress } from "@tenantry/core";
import { askAll, itemsOf } from "../catalog/ask-all.ts";
import { kinds } from "../catalog/kind.ts";
import { toolName } from "../names/tool-name.ts";
import type { Reach } from "../views/reach.ts";
import { unknownPrompt, unknownResource } from "./address.ts";
import type { Candidate } from "./tool-lookup.ts";

/** A server and its own name for what was asked for. */
export interface Owner {
  readonly candidate: Candidate;
  readonly name: string;
}

/** Finds the prompt that is meant; throws `PROMPT_UNKNOWN`. */
export async function ownerOfPrompt(
  reach: Reach,
  prompt: PromptAddress,
  options: ListOptions,
): Promise<Owner> {
  if (typeof prompt !== "string") {
    const [candidate] = reach.those(({ server }) => server.ref.id === prompt.server);
    if (candidate === undefined) throw unknownPrompt(prompt);
    return { candidate, name: prompt.prompt };
  }
  const owners = await askAll(
    reach.routing,
    (listing) => reach.to(listing).route,
    async (listing, connection, signal) => {
      const own = await listing.others("prompts", connection, signal);
      return own
        .filter(({ name }) => toolName(listing.server.ref.id, name) === prompt)
        .map(({ name }) => ({ candidate: reach.to(listing), name }));
    },
    options,
  );
  const [owner] = itemsOf(owners);
  if (owner === undefined) throw unknownPrompt(prompt);
  return owner;
}

/** Finds the one server that a resource is read from; throws `RESOURCE_UNKNOWN`. */
export async function ownerOfResource(
  reach: Reach,
  resource: ResourceAddress,
  kind: "resources" | "resourceTemplates",
  options: ListOptions,
): Promise<Owner> {
  if (typeof resource !== "string") {
    const [candidate] = reach.those(({ server }) => server.ref.id === resource.server);
    if (candidate === undefined) throw unknownResource(resource);
    return { candidate, name: resource.uri };
  }
  const owners = await askAll(
    reach.routing,
    (listing) => reach.to(listing).route,
    async (listing, connection, signal) => {
      const own = await listing.others(kind, connection, signal);
      const { key } = kinds[kind];
      return own.some((item) => Reflect.get(item, key) === resource) ? [reach.to(listing)] : [];
    },
    options,
  );
  const [owner, ...others] = itemsOf(owners);
  if (owner === undefined || others.length > 0) throw unknownResource(resource);
  return { candidate: owner, name: resource };
}
