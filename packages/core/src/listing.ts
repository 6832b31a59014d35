import type { ApprovalNeeded } from "./approval.ts";
import type { TenantryError } from "./error.ts";
import type { ServerId } from "./id.ts";
import type { Prompt, Resource, ResourceTemplate, Tool } from "./mcp.ts";

/** Where something of a catalog comes from. */
export interface CatalogOrigin {
  readonly server: ServerId;
  /** Whether it is what the server said earlier, because it cannot be asked now; absent: it is current. */
  readonly stale?: true;
}

/** One tool of the catalog: the server's own description under a name that is unique in the workspace. */
export interface CatalogTool extends Tool {
  /** At most 64 characters of `[A-Za-z0-9_-]`, the same whichever other servers come and go. */
  readonly name: string;
  /** Where it comes from, with the server's own name for it. */
  readonly origin: CatalogOrigin & { readonly tool: string };
}

/** One prompt of the catalog, named as tools are. */
export interface CatalogPrompt extends Prompt {
  readonly name: string;
  readonly origin: CatalogOrigin & { readonly prompt: string };
}

/** One resource of the catalog. Its URI is the server's own: two servers may have the same, and mean different things. */
export interface CatalogResource extends Resource {
  readonly origin: CatalogOrigin;
}

/** One resource template of the catalog, with the server's own URI template. */
export interface CatalogResourceTemplate extends ResourceTemplate {
  readonly origin: CatalogOrigin;
}

/** A server that could not be asked, and why. What it said earlier may be listed all the same, as `stale`. */
export interface UnavailableServer {
  readonly server: ServerId;
  readonly error: TenantryError;
}

/** A name that several servers claim, where names have no prefix; none of them is listed under it. */
export interface AmbiguousName {
  readonly name: string;
  readonly servers: readonly ServerId[];
}

/** What a principal may see of one kind, with the servers that are missing from it. Frozen throughout. */
export interface Listing {
  readonly unavailable: readonly UnavailableServer[];
  /** What is left out until somebody approves it; absent where nothing is. */
  readonly unapproved?: readonly ApprovalNeeded[];
  /** Absent where every name is one server's. */
  readonly ambiguous?: readonly AmbiguousName[];
}

/** The tools that a principal may see. */
export interface ToolListing extends Listing {
  readonly tools: readonly CatalogTool[];
}

/** The prompts that a principal may see. */
export interface PromptListing extends Listing {
  readonly prompts: readonly CatalogPrompt[];
}

/** The resources that a principal may see. */
export interface ResourceListing extends Listing {
  readonly resources: readonly CatalogResource[];
}

/** The resource templates that a principal may see. */
export interface ResourceTemplateListing extends Listing {
  readonly resourceTemplates: readonly CatalogResourceTemplate[];
}
