import { checkDefinition, quote, serverId, TenantryError, workspaceId } from "@tenantry/core";
import type { Clock, Fetch, Implementation, ServerDefinition, ServerId, WorkspaceId } from "@tenantry/core";
import type { ClientLimits } from "@tenantry/client";
import type { EgressLimits } from "@tenantry/egress";
import type { PoolLimits } from "@tenantry/pool";
import type { RouterLimits } from "@tenantry/router";

/** Every bound of an instance; each has a default, given where the package that keeps it declares it. */
export interface TenantryLimits extends PoolLimits, EgressLimits, ClientLimits, RouterLimits {}

/** Server definitions by server id. */
export type ServerDefinitions = Readonly<Record<string, ServerDefinition>>;

/** What one workspace has of its own. */
export interface WorkspaceOptions {
  /** Definitions beside the template's; one with the same id replaces the template's. */
  readonly servers?: ServerDefinitions;
}

/** What an instance is made of. */
export interface TenantryOptions {
  /** The template of every workspace. */
  readonly servers?: ServerDefinitions;
  /** Closes the set of workspaces: any other is `WORKSPACE_UNKNOWN`. Absent: every workspace exists and has the template. */
  readonly workspaces?: Readonly<Record<string, WorkspaceOptions>>;
  readonly limits?: Partial<TenantryLimits>;
  /** The way out for HTTP, for a host's own proxy or mock; defaults to this instance's own sockets. */
  readonly fetch?: Fetch;
  /** What servers are told of the client; defaults to Tenantry's own name and version. */
  readonly clientInfo?: Implementation;
  /** Where time comes from; defaults to the system's clock. */
  readonly clock?: Clock;
}

/** The checked definitions of a workspace, in the order in which they were given. */
export type CheckedServers = ReadonlyMap<ServerId, ServerDefinition>;

/** Options after every name, definition and bound has been checked. */
export interface CheckedOptions extends Omit<TenantryOptions, "servers" | "workspaces"> {
  readonly template: CheckedServers;
  readonly closed: ReadonlyMap<WorkspaceId, CheckedServers> | undefined;
}

const known: ReadonlySet<string> = new Set(["servers", "workspaces", "limits", "fetch", "clientInfo", "clock"]);

/** Checks options before anything is built; throws `CONFIG_INVALID` or `DEFINITION_INVALID` and names the path. */
export function checkOptions(options: TenantryOptions): CheckedOptions {
  const unknown = Object.keys(options).find((key) => !known.has(key));
  if (unknown !== undefined) {
    throw new TenantryError("CONFIG_INVALID", `There is no option ${quote(unknown)}; there are ${[...known].join(", ")}.`);
  }
  checkLimits(options.limits ?? {});
  const template = checkServers(options.servers ?? {}, "servers");
  return { ...options, template, closed: options.workspaces && closeWorkspaces(options.workspaces, template) };
}

function closeWorkspaces(workspaces: Readonly<Record<string, WorkspaceOptions>>, template: CheckedServers) {
  const closed = new Map<WorkspaceId, CheckedServers>();
  for (const [name, { servers = {} }] of Object.entries(workspaces)) {
    const own = checkServers(servers, `workspaces.${name}.servers`);
    closed.set(workspaceId(name), new Map([...template, ...own]));
  }
  return closed;
}

function checkServers(servers: ServerDefinitions, path: string): CheckedServers {
  const checked = new Map<ServerId, ServerDefinition>();
  for (const [name, definition] of Object.entries(servers)) {
    const at = `${path}.${/^[\w-]+$/u.test(name) ? name : quote(name)}`;
    const server = checkDefinition(definition, at);
    if ("command" in server && server.provenance === "foreign") {
      const why = "a command that the host's own code did not write is not run";
      throw new TenantryError("DEFINITION_INVALID", `${at}: ${why}; define it in code, or reach the server by its url.`);
    }
    checked.set(serverId(name), server);
  }
  return checked;
}

function checkLimits(limits: Partial<TenantryLimits>): void {
  for (const [name, value] of Object.entries(limits) as [string, unknown][]) {
    if (value !== undefined && !(typeof value === "number" && Number.isFinite(value) && value > 0)) {
      throw new TenantryError("CONFIG_INVALID", `limits.${name}: expected a positive number.`);
    }
  }
}
