import type { CatalogOrigin, Listing, WorkspaceClient } from "@tenantry/core";

/**
 * One server of a user's workspace under the names that it has for its tools and prompts itself; no other server is asked
 * for anything. Lists throw `SERVER_UNKNOWN` where the user has no such server.
 */
export function serverView(client: WorkspaceClient, server: string): WorkspaceClient {
  const uriOf = (resource: Parameters<WorkspaceClient["readResource"]>[0]) =>
    typeof resource === "string" ? { server, uri: resource } : resource;
  const promptOf = (prompt: Parameters<WorkspaceClient["getPrompt"]>[0]) =>
    typeof prompt === "string" ? { server, prompt } : prompt;
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
    callTool: (tool, args, options) =>
      client.callTool(typeof tool === "string" ? { server, tool } : tool, args, options),
    readResource: (resource, options) => client.readResource(uriOf(resource), options),
    getPrompt: (prompt, args, options) => client.getPrompt(promptOf(prompt), args, options),
    complete: (target, argument, options) =>
      client.complete(
        "prompt" in target
          ? { prompt: promptOf(target.prompt) }
          : { resourceTemplate: uriOf(target.resourceTemplate) },
        argument,
        options,
      ),
    subscribe: ({ watched = [], ...filter }, listener, options) =>
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
