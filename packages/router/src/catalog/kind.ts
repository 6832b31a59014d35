import type { Prompt, Resource, ResourceTemplate, Result, ServerCapabilities, Tool } from "@tenantry/core";

/** What a server can list, by the name that the protocol has for it in a result. */
export interface Items {
  readonly tools: Tool;
  readonly prompts: Prompt;
  readonly resources: Resource;
  readonly resourceTemplates: ResourceTemplate;
}

/** One of the four kinds of a catalog. */
export type Kind = keyof Items;

/** What asking for a list takes, by kind. */
interface Listable {
  readonly method: "tools/list" | "prompts/list" | "resources/list" | "resources/templates/list";
  /** What a legacy server announces that has any. */
  readonly capability: keyof ServerCapabilities;
  /** What tells two of them apart. */
  readonly key: string;
  /** The longest such key, in characters; the specification advises 128 for a tool's name. */
  readonly maxKeyLength: number;
  /** What several of them are called. */
  readonly noun: string;
}

/** The four kinds. */
export const kinds = Object.freeze({
  tools: {
    method: "tools/list",
    capability: "tools",
    key: "name",
    maxKeyLength: 1_024,
    noun: "tools",
  },
  prompts: {
    method: "prompts/list",
    capability: "prompts",
    key: "name",
    maxKeyLength: 1_024,
    noun: "prompts",
  },
  resources: {
    method: "resources/list",
    capability: "resources",
    key: "uri",
    maxKeyLength: 8_192,
    noun: "resources",
  },
  resourceTemplates: {
    method: "resources/templates/list",
    capability: "resources",
    key: "uriTemplate",
    maxKeyLength: 8_192,
    noun: "resource templates",
  },
} as const satisfies { readonly [K in Kind]: Listable });

/** One page of a list of any kind, as a server sends it. */
export type Page = Result<Listable["method"]>;
