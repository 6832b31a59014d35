import { quote, TenantryError, type CatalogOrigin, type Listing, type WorkspaceClient } from "@tenantry/core";

/**
 * One server of a user's workspace under the names that it has for its tools and prompts itself; no other server is asked
 * for anything. Throws `SERVER_UNKNOWN` where the user has no such server, and for one that is named beside it.
 */
export function serverView(client: WorkspaceClient, server: string): WorkspaceClient {
  const here = <Address extends { readonly server: string }>(address: Address): Address => {
    if (address.server === server) return address;
    const other = quote(address.server);
    throw new TenantryError("SERVER_UNKNOWN", `There is no server ${other}; only ${server} is seen here.`);
  };
  const toolOf = (tool: Parameters<WorkspaceClient["callTool"]>[0]) =>
    typeof tool === "string" ? { server, tool } : here(tool);
  const uriOf = (resource: Parameters<WorkspaceClient["readResource"]>[0]) =>
    typeof resource === "string" ? { server, uri: resource } : here(resource);
  const promptOf = (prompt: Parameters<WorkspaceClient["getPrompt"]>[0]) =>
    typeof prompt === "string" ? { server, prompt } : here(prompt);
  return Object.freeze<WorkspaceClient>({
    principal: client.principal,
    servers: (options) => client.servers({ ...options, server }),
    async listTools(options) {
      const { tools, ...listing } = await client.listTools({ ...options, server });
      return Object.freeze({ ...own(listing), tools: tools.map((tool) => named(tool, tool.origin.tool)) });
    },
    async listPrompts(options) {
      const { prompts, ...listing } = await client.listPrompts({ ...options, server });
      return Object.freeze({
        ...own(listing),
        prompts: prompts.map((prompt) => named(prompt, prompt.origin.prompt)),
      });
    },
    listResources: (options) => client.listResources({ ...options, server }),
    listResourceTemplates: (options) => client.listResourceTemplates({ ...options, server }),
    callTool: async (tool, args, options) => client.callTool(toolOf(tool), args, options),
    readResource: async (resource, options) => client.readResource(uriOf(resource), options),
    getPrompt: async (prompt, args, options) => client.getPrompt(promptOf(prompt), args, options),
    complete: async (target, argument, options) =>
      client.complete(
        "prompt" in target
          ? { prompt: promptOf(target.prompt) }
          : { resourceTemplate: uriOf(target.resourceTemplate) },
        argument,
        options,
      ),
    subscribe: async ({ watched = [], ...filter }, listener, options) =>
      client.subscribe({ ...filter, server, watched: watched.map(uriOf) }, listener, options),
  });
}

function named<T extends { readonly origin: CatalogOrigin }>(item: T, name: string): T {
  return Object.freeze({ ...item, name });
}

/** A server's own names are never ambiguous. */
function own<T extends Listing>({ ambiguous: _ofTheWorkspace, ...listing }: T): Omit<T, "ambiguous"> {
  return listing;
}
