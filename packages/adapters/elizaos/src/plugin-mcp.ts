import type { IAgentRuntime, Plugin } from "@elizaos/core";
import type { CatalogTool, Provenance } from "@tenantry/core";
import type { ToolOptions } from "@tenantry/core/adapter";
import { createTenantry, type CredentialSource, type TenantryOptions } from "tenantry";
import {
  enabledServers,
  outsideRequests,
  requestSettings,
  settingsOfUser,
  type EntitySettings,
} from "./plugin-mcp/entity-settings.ts";
import { officialName } from "./plugin-mcp/official-name.ts";
import { pluginOf } from "./plugin.ts";
import type { MessageContext, ServiceParts } from "./service.ts";
import { definitionsIn, findSettings, type DefinedServers } from "./plugin-mcp/settings.ts";

export type { EntitySettings } from "./plugin-mcp/entity-settings.ts";
export type { MessageContext } from "./service.ts";

/** How the plugin is made that takes the official one's settings. */
export interface McpPluginOptions extends ToolOptions<MessageContext> {
  /**
   * What the host knows of the user whose message it is: `ELIZAOS_API_KEY`, `MCP_ENABLED_SERVERS`, `ORGANIZATION_ID`, and
   * whatever `credentials` read. Defaults to elizaOS' request context, where the installed version has one.
   */
  readonly entitySettings?:
    ((context: MessageContext) => EntitySettings | Promise<EntitySettings>) | undefined;
  /** Credentials by server id; `fromContext(name)` reads a user's setting. */
  readonly credentials?: Readonly<Record<string, CredentialSource>> | undefined;
  /** Where the application is; defaults to the settings `NEXT_PUBLIC_APP_URL` and `APP_URL`, in that order. */
  readonly appUrl?: string | undefined;
  /**
   * Who wrote the settings: `code`, the default, for the host, which is trusted to name commands and addresses. With `foreign`,
   * for characters that users write, commands need `tenantry.admitCommand` and private addresses `tenantry.allow`.
   */
  readonly provenance?: Provenance | undefined;
  /** What else the instance is made of, such as `store` or `limits`; its servers are those of the settings. */
  readonly tenantry?: Omit<TenantryOptions, "servers" | "workspaces"> | undefined;
}

/**
 * A plugin that takes the settings of `@elizaos/plugin-mcp` and gives each user a connection of their own: `settings.mcp`, with
 * credentials from the user's own settings. What the settings say wrongly of one server is logged and concerns no other.
 */
export function mcpPlugin(options: McpPluginOptions = {}): Plugin {
  return pluginOf((runtime) => outsideRequests(() => open(runtime, options)));
}

/** The plugin as it is loaded by name. */
export default mcpPlugin();

function open(runtime: IAgentRuntime, options: McpPluginOptions): ServiceParts {
  const { entitySettings = requestSettings, tenantry: more = {} } = options;
  const { list, needsApproval, onProgress, timeoutMs } = options;
  const { servers, usersOwn } = defined(runtime, options);
  const all = Object.keys(servers);
  const agentsOwn = runtime.getSetting("MCP_ENABLED_SERVERS");
  const policies = [more.policy ?? []].flat();
  const tenantry = createTenantry({ ...more, servers, policy: [...policies, mayUse] });
  const enabled = (own: Readonly<Record<string, unknown>>) =>
    enabledServers(own["MCP_ENABLED_SERVERS"] ?? agentsOwn, all);
  const clientOf = async (context: MessageContext) => {
    const own = await settingsOfUser(entitySettings, context);
    const on = enabled(own);
    const roles = all.filter((id) => !on.includes(id)).map(withoutRole);
    const workspace = tenantry.workspace(textOf(own["ORGANIZATION_ID"]) ?? runtime.agentId);
    return workspace.as(context.message.entityId, own, { roles });
  };
  return {
    ...{ list, needsApproval, onProgress, timeoutMs },
    source: { catalog: tenantry.workspace(runtime.agentId).discovery(), clientOf },
    allowed: async (context) => enabled(await settingsOfUser(entitySettings, context)),
    ...(usersOwn.length > 0 && { show: clientOf }),
    aliases: ({ origin }: CatalogTool) => [officialName(origin.server, origin.tool)],
    close: () => tenantry.close(),
    clock: more.clock,
  };
}

/** The servers of the settings; what is wrong with one is logged. */
function defined(
  runtime: IAgentRuntime,
  { appUrl, provenance = "code", credentials = {}, tenantry: { admitCommand } = {} }: McpPluginOptions,
): DefinedServers {
  const setting = (name: string) => textOf(runtime.getSetting(name));
  const found = definitionsIn(findSettings(runtime) ?? {}, {
    appUrl: appUrl ?? setting("NEXT_PUBLIC_APP_URL") ?? setting("APP_URL"),
    agentKey: setting("ELIZAOS_API_KEY"),
    path: setting("PATH"),
    ...{ provenance, credentials },
    check: (id, definition) => void createTenantry({ servers: { [id]: definition }, admitCommand }).close(),
  });
  for (const problem of found.problems) runtime.logger.warn(problem);
  return found;
}

/** The role of a user for whom a server is not enabled. */
function withoutRole(server: string): string {
  return `without:${server}`;
}

function mayUse({ server, roles }: { readonly server: string; readonly roles: readonly string[] }): boolean {
  return !roles.includes(withoutRole(server));
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}
