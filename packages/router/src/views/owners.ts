import {
  raceAbort,
  type AbortableOptions,
  type CompletionTarget,
  type JsonObject,
  type Params,
  type PromptAddress,
  type ResourceAddress,
  type TenantryError,
} from "@tenantry/core";
import { unknownPrompt, unknownResource } from "../calls/address.ts";
import { byCatalogName, findPlace, type Place } from "../calls/find-place.ts";
import { placeAmong } from "../guards/place-among.ts";
import { allowRead, type ReadRequest } from "../guards/read-guard.ts";
import { matchesTemplate, TemplateBudget } from "../names/uri-template.ts";
import type { Candidate } from "../routing.ts";
import type { Answer } from "./list-all.ts";
import type { Reach } from "./reach.ts";

/** Finds the prompt that is meant; throws `PROMPT_UNKNOWN`. */
export async function ownerOfPrompt(
  reach: Reach,
  prompt: PromptAddress,
  { signal = unending() }: AbortableOptions,
  args?: JsonObject,
): Promise<Place> {
  const unknown = () => unknownPrompt(prompt);
  if (typeof prompt !== "string") return addressed(reach, prompt.server, prompt.prompt, unknown);
  const candidates = reach.those((listing) => listing.mayOwn(prompt));
  const [only, ...others] = candidates;
  if (only === undefined) throw unknown();
  if (reach.routing.guards.policy.isOn) {
    if (others.length > 0) return placeAmong(reach, "prompts", { name: prompt, candidates, unknown, signal });
    // What its name alone tells is decided before its server is asked for a list.
    const name = only.listing.ownName(prompt);
    if (name !== undefined)
      await raceAbort(allowRead(reach, { candidate: only, kind: "prompts", name, args, unknown }), signal);
  }
  return findPlace(reach.routing, candidates, { kind: "prompts", ...byCatalogName(prompt), unknown }, signal);
}

/**
 * Finds the one server that a resource is read from: the only one that lists it, else the only one that has a template for
 * it. Throws `RESOURCE_UNKNOWN`.
 */
export async function ownerOfResource(
  reach: Reach,
  resource: ResourceAddress,
  { signal }: AbortableOptions,
): Promise<Place> {
  const unknown = () => unknownResource(resource);
  if (typeof resource !== "string") return addressed(reach, resource.server, resource.uri, unknown);
  const listed = ownersAmong(await reach.list("resources", { signal }), (places) => places.has(resource));
  if (listed.length > 0) return { candidate: onlyOne(listed, unknown), name: resource };
  const budget = new TemplateBudget();
  const templates = await reach.list("resourceTemplates", { signal });
  const matching = ownersAmong(templates, (places) =>
    [...places.keys()].some((template) => matchesTemplate(template, resource, budget)),
  );
  return { candidate: onlyOne(matching, unknown), name: resource };
}

/** What is completed, in the words of its server; throws as the two above. */
export async function completed(
  reach: Reach,
  target: CompletionTarget,
  options: AbortableOptions,
): Promise<{ readonly read: ReadRequest; readonly ref: Params<"completion/complete">["ref"] }> {
  if ("prompt" in target) {
    const place = await ownerOfPrompt(reach, target.prompt, options);
    const read = { ...place, kind: "prompts", unknown: () => unknownPrompt(target.prompt) } as const;
    return { read, ref: { type: "ref/prompt", name: place.name } };
  }
  const template = target.resourceTemplate;
  const place = await ownerOfTemplate(reach, template, options);
  const read = { ...place, kind: "resourceTemplates", unknown: () => unknownResource(template) } as const;
  return { read, ref: { type: "ref/resource", uri: place.name } };
}

async function ownerOfTemplate(
  reach: Reach,
  template: ResourceAddress,
  { signal }: AbortableOptions,
): Promise<Place> {
  const unknown = () => unknownResource(template);
  if (typeof template !== "string") return addressed(reach, template.server, template.uri, unknown);
  const templates = await reach.list("resourceTemplates", { signal });
  return {
    candidate: onlyOne(
      ownersAmong(templates, (places) => places.has(template)),
      unknown,
    ),
    name: template,
  };
}

function addressed(reach: Reach, server: string, name: string, unknown: () => TenantryError): Place {
  const [candidate] = reach.those(({ ref }) => ref.id === server);
  if (candidate === undefined) throw unknown();
  return { candidate, name };
}

function ownersAmong(
  answers: readonly Answer[],
  has: (places: ReadonlyMap<string, number>) => boolean,
): readonly Candidate[] {
  return answers.flatMap(({ candidate, shown }) =>
    candidate && shown && has(shown.places) ? [candidate] : [],
  );
}

/** What two servers have under one URI may be two things, and neither is read for the other. */
function onlyOne([first, ...others]: readonly Candidate[], unknown: () => TenantryError): Candidate {
  if (first === undefined || others.length > 0) throw unknown();
  return first;
}

function unending(): AbortSignal {
  return new AbortController().signal;
}
