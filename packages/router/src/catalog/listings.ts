import type {
  CatalogPrompt,
  CatalogResource,
  CatalogResourceTemplate,
  CatalogTool,
  PromptListing,
  ResourceListing,
  ResourceTemplateListing,
  ToolListing,
} from "@tenantry/core";
import { itemsOf, unavailableOf, type Answer } from "./ask-all.ts";

export function toolListing(answers: readonly Answer<CatalogTool>[]): ToolListing {
  return { tools: itemsOf(answers), unavailable: unavailableOf(answers) };
}

export function promptListing(answers: readonly Answer<CatalogPrompt>[]): PromptListing {
  return { prompts: itemsOf(answers), unavailable: unavailableOf(answers) };
}

export function resourceListing(answers: readonly Answer<CatalogResource>[]): ResourceListing {
  return { resources: itemsOf(answers), unavailable: unavailableOf(answers) };
}

export function templateListing(
  answers: readonly Answer<CatalogResourceTemplate>[],
): ResourceTemplateListing {
  return { resourceTemplates: itemsOf(answers), unavailable: unavailableOf(answers) };
}
