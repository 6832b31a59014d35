import type { IAgentRuntime, Plugin } from "@elizaos/core";
import { TenantryError, type CatalogTool, type Provenance } from "@tenantry/core";
import type { ToolOptions } from "@tenantry/core/adapter";
import { createTenantry, type CredentialSource, type TenantryOptions } from "tenantry";
import {
  enabledServers,
  requestSettings,
  settingsOfUser,
  type EntitySettings,
} from "./plugin-mcp/entity-settings.ts";
import { officialName } from "./plugin-mcp/official-name.ts";
import { definitionsIn, findSettings, type DefinedServers } from "./plugin-mcp/settings.ts";
import { pluginOf } from "./plugin.ts";
import type { MessageContext, ServiceParts } from "./service.ts";

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
  return pluginOf((runtime) => open(runtime, options));
}

/** The plugin as it is loaded by name. */
export default mcpPlugin();

function open(runtime: IAgentRuntime, options: McpPluginOptions): ServiceParts {
  const { entitySettings = requestSettings, tenantry: more = {} } = options;
  const servers = defined(runtime, options);
  const all = Object.keys(servers);
  const agentsOwn = runtime.getSetting("MCP_ENABLED_SERVERS");
  const deny = all.map((server) => ({ server, role: withoutRole(server) }));
  const policy = [more.policy ?? [], { deny }].flat();
  const tenantry = createTenantry({ ...more, servers, policy });
  const enabled = (own: Readonly<Record<string, unknown>>) =>
    enabledServers(own["MCP_ENABLED_SERVERS"] ?? agentsOwn, all);
  const clientOf = async (context: MessageContext) => {
    const own = await settingsOfUser(entitySettings, context);
    const on = enabled(own);
    const roles = all.filter((id) => !on.includes(id)).map(withoutRole);
    const workspace = tenantry.workspace(organizationIn(own) ?? runtime.agentId);
    return workspace.as(context.message.entityId, own, { roles });
  };
  return {
    ...options,
    source: { catalog: tenantry.workspace(runtime.agentId).discovery(), clientOf },
    allowed: async (context) => enabled(await settingsOfUser(entitySettings, context)),
    // What takes users' credentials only is listed as each of them.
    showOwn: Object.values(servers).some(({ discovery }) => discovery === undefined),
    aliases: ({ origin }: CatalogTool) => [officialName(origin.server, origin.tool)],
    close: () => tenantry.close(),
    clock: more.clock,
  };
}

/** The servers of the settings; what is wrong with one is logged. */
function defined(
  runtime: IAgentRuntime,
  { appUrl, provenance = "code", credentials = {}, tenantry: { admitCommand } = {} }: McpPluginOptions,
): DefinedServers["servers"] {
  const setting = (name: string) => textOf(runtime.getSetting(name));
  const found = definitionsIn(findSettings(runtime) ?? {}, {
    appUrl: appUrl ?? setting("NEXT_PUBLIC_APP_URL") ?? setting("APP_URL"),
    agentKey: setting("ELIZAOS_API_KEY"),
    path: setting("PATH"),
    ...{ provenance, credentials, admitCommand },
  });
  for (const problem of found.problems) runtime.logger.warn(problem);
  return found.servers;
}

/** The role of a user for whom a server is not enabled. */
function withoutRole(server: string): string {
  return `without:${server}`;
}

/** One organization's users are never taken for those of none, nor for another's. */
function organizationIn({ ORGANIZATION_ID: id }: Readonly<Record<string, unknown>>): string | undefined {
  if (id === undefined || id === "") return undefined;
  if (typeof id === "string") return id;
  throw new TenantryError("PRINCIPAL_INVALID", "ORGANIZATION_ID of the user's settings is text; give it so.");
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}
