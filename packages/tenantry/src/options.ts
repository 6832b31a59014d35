import { isPlainObject, checkDefinition, quote, serverId, TenantryError, workspaceId } from "@tenantry/core";
import type {
  Clock,
  CredentialSource,
  Fetch,
  Implementation,
  ServerDefinition,
  ServerId,
  WorkspaceId,
} from "@tenantry/core";
import type { GuardOptions, NameMode } from "@tenantry/router";
import { guarding, guardsIn, type GuardedOptions } from "./guarding.ts";
import { checkHostParts } from "./host-parts.ts";
import type { KeepingOptions } from "./keeping.ts";
import { checkServer, type AdmitCommand } from "./server-rules.ts";
import { splitLimits, type GivenLimits, type SplitLimits } from "./limits.ts";

/** Server definitions by server id. */
export type ServerDefinitions = Readonly<Record<string, ServerDefinition>>;

/** What holds for every workspace, unless it says otherwise. */
interface NamingOptions {
  /**
   * `prefixed`: names begin with their servers' ids. `plain`: names are the servers' own, and what two servers have under
   * one name is not listed. Defaults to `prefixed`.
   */
  readonly names?: NameMode | undefined;
}

/**
 * What one workspace has of its own. Its policy, quotas and interceptors hold beside the instance's, and what it says of
 * approvals in their place.
 */
export interface WorkspaceOptions extends GuardedOptions, NamingOptions {
  /** Definitions beside the template's; one with the same id replaces the template's. */
  readonly servers?: ServerDefinitions | undefined;
}

/** What an instance is made of. */
export interface TenantryOptions extends KeepingOptions, GuardedOptions, NamingOptions {
  /** The template of every workspace. */
  readonly servers?: ServerDefinitions | undefined;
  /** Closes the set of workspaces: any other is `WORKSPACE_UNKNOWN`. Absent: every workspace exists and has the template. */
  readonly workspaces?: Readonly<Record<string, WorkspaceOptions>> | undefined;
  /**
   * What definitions may name in their `credential` that are set at run time, by name. Whoever may set one decides where what
   * it names goes: a shared secret wants `origins` of its own. Defaults to nothing.
   */
  readonly credentialSources?: Readonly<Record<string, CredentialSource>> | undefined;
  /**
   * Says which commands may be run that the host's own code did not write; it is asked for each such definition when it is
   * given, set or read. Defaults to none.
   */
  readonly admitCommand?: AdmitCommand | undefined;
  /** Bounds that differ from their defaults. */
  readonly limits?: GivenLimits | undefined;
  /** The way out for HTTP, for a host's own proxy or mock; defaults to this instance's own sockets. */
  readonly fetch?: Fetch | undefined;
  /**
   * What URLs that the host's own code did not write may lead to beside public addresses: host names, addresses, or ranges
   * of them (`10.0.0.0/8`). Defaults to nothing.
   */
  readonly allow?: readonly string[] | undefined;
  /** What servers are told of the client; defaults to Tenantry's own name and version. */
  readonly clientInfo?: Implementation | undefined;
  /** Where time comes from; defaults to the system's clock. */
  readonly clock?: Clock | undefined;
}

/** The checked definitions of a workspace, in the order in which they were given. */
export type CheckedServers = ReadonlyMap<ServerId, ServerDefinition>;

/** Options after every name, definition and bound has been checked. */
export interface CheckedOptions extends Omit<
  TenantryOptions,
  "servers" | "workspaces" | "limits" | "credentialSources"
> {
  readonly credentialSources: Readonly<Record<string, CredentialSource>>;
  readonly limits: SplitLimits;
  readonly template: CheckedServers;
  readonly closed: ReadonlyMap<WorkspaceId, CheckedServers> | undefined;
  readonly namesOf: (workspace: WorkspaceId) => NameMode;
  /** Of the instance, and of each workspace that has some of its own. */
  readonly guards: GuardOptions;
  readonly guardsOf: ReadonlyMap<WorkspaceId, GuardOptions>;
}

const known = [
  "servers",
  "workspaces",
  "store",
  "sealer",
  "publicUrl",
  "credentialSources",
  "admitCommand",
  "limits",
  "fetch",
  "allow",
  "clientInfo",
  "clock",
  "names",
  ...guarding,
] as const;
const knownOfWorkspace = ["servers", "names", ...guarding] as const;

/** Checks options before anything is built; throws `CONFIG_INVALID` or `DEFINITION_INVALID` and names the path. */
export function checkOptions(options: TenantryOptions): CheckedOptions {
  refuseUnknown(options, "", known);
  const { servers = {}, workspaces, limits = {}, fetch, clientInfo, clock, store, sealer } = options;
  const { admitCommand } = options;
  checkHostParts({ fetch, clientInfo, clock, store, sealer, admitCommand });
  const credentialSources = checkSources(options.credentialSources ?? {});
  const template = checkServers(servers, { path: "servers", admitCommand });
  // Only leaving it out leaves the set of workspaces open.
  const closed = workspaces === undefined ? undefined : closeWorkspaces(workspaces, template, admitCommand);
  const checked = splitLimits(checkObject(limits, "limits"));
  const names = checkNames(options.names ?? "prefixed", "names");
  const ownNames = namesOfWorkspaces(workspaces ?? {});
  const namesOf = (workspace: WorkspaceId) => ownNames.get(workspace) ?? names;
  const guardsOf = new Map(
    Object.entries(workspaces ?? {}).flatMap(([name, own]) => {
      const guards = guardsIn(own, `workspaces.${pathOf(name)}`);
      return guards === undefined ? [] : [[workspaceId(name), guards] as const];
    }),
  );
  const guards = guardsIn(options) ?? {};
  return { ...options, limits: checked, credentialSources, template, closed, namesOf, guards, guardsOf };
}

function closeWorkspaces(
  workspaces: Readonly<Record<string, WorkspaceOptions>>,
  template: CheckedServers,
  admitCommand: AdmitCommand | undefined,
) {
  const closed = new Map<WorkspaceId, CheckedServers>();
  for (const [name, options] of Object.entries(checkObject(workspaces, "workspaces"))) {
    const path = `workspaces.${pathOf(name)}`;
    refuseUnknown(options, path, knownOfWorkspace);
    const { servers = {} } = options;
    const workspace = workspaceId(name);
    const own = checkServers(servers, { path: `${path}.servers`, workspace, admitCommand });
    closed.set(workspace, new Map([...template, ...own]));
  }
  return closed;
}

function namesOfWorkspaces(workspaces: Readonly<Record<string, WorkspaceOptions>>) {
  const own = new Map<WorkspaceId, NameMode>();
  for (const [name, { names }] of Object.entries(workspaces))
    if (names !== undefined)
      own.set(workspaceId(name), checkNames(names, `workspaces.${pathOf(name)}.names`));
  return own;
}

function checkNames(names: unknown, path: string): NameMode {
  if (names === "prefixed" || names === "plain") return names;
  throw new TenantryError("CONFIG_INVALID", `${path}: expected "prefixed" or "plain".`);
}

interface ServersRules {
  readonly path: string;
  readonly workspace?: WorkspaceId;
  readonly admitCommand: AdmitCommand | undefined;
}

function checkServers(
  servers: ServerDefinitions,
  { path, workspace, admitCommand }: ServersRules,
): CheckedServers {
  const checked = new Map<ServerId, ServerDefinition>();
  for (const [name, definition] of Object.entries(checkObject(servers, path))) {
    const at = `${path}.${pathOf(name)}`;
    const server = serverId(name);
    const place = { server, ...(workspace !== undefined && { workspace }) };
    const whole = checkDefinition(definition, at);
    checkServer(whole, { path: at, place, admitCommand });
    checked.set(server, whole);
  }
  return checked;
}

function checkSources(sources: Readonly<Record<string, CredentialSource>>) {
  for (const [name, source] of Object.entries(checkObject(sources, "credentialSources"))) {
    const at = `credentialSources.${pathOf(name)}`;
    if (name === "anonymous")
      throw new TenantryError("CONFIG_INVALID", `${at}: the name means that there is none; take another.`);
    if (typeof source !== "object" || source === null || typeof source.bind !== "function") {
      const expected = "a credential, such as oauth(); several become one by combine()";
      throw new TenantryError("CONFIG_INVALID", `${at}: expected ${expected}.`);
    }
  }
  return Object.freeze({ ...sources });
}

function refuseUnknown(given: object, path: string, names: readonly string[]): void {
  const unknown = Object.keys(checkObject(given, path || "options")).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const message = `There is no option ${path && `${path}.`}${quote(unknown)}; there are ${names.join(", ")}.`;
  throw new TenantryError("CONFIG_INVALID", message);
}

/** Configuration is often read from a file, and then its types are only hoped for; a `Map` would seem to be empty. */
function checkObject<T extends object>(given: T, path: string): T {
  if (isPlainObject(given)) return given;
  throw new TenantryError("CONFIG_INVALID", `${path}: expected a plain object, such as {}.`);
}

function pathOf(name: string): string {
  return /^[\w-]+$/u.test(name) ? name : quote(name);
}
