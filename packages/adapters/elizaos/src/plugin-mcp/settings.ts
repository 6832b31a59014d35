import type { IAgentRuntime } from "@elizaos/core";
import { TenantryError, type Provenance, type ServerDefinition, type Share } from "@tenantry/core";
import { createTenantry, fromContext, fromStatic, header, serversFromJson } from "tenantry";
import type { CredentialSource, HostedServer, RemoteServer, TenantryOptions } from "tenantry";

type Settings = Readonly<Record<string, unknown>>;
/** What settings can define: nothing but a URL or a command. */
type PlainServer = ServerDefinition &
  Pick<Partial<RemoteServer>, "headers"> &
  Pick<Partial<HostedServer>, "env">;

/** The setting that the official plugin sends as `X-API-Key`, to the application's own origin. */
const keySetting = "ELIZAOS_API_KEY";
const keyHeader = "X-API-Key";

/** What becomes of the settings of the official plugin. */
export interface SettingsOptions {
  /** Where the application is: servers of its origin are sent its users' keys. */
  readonly appUrl: string | undefined;
  /** With what such a server's tools are listed before there is a user; absent: as each user. */
  readonly agentKey: string | undefined;
  /** Who wrote the settings; what they may name follows from it. */
  readonly provenance: Provenance;
  /** The `PATH` of hosted servers whose settings have none; absent: a standard one. */
  readonly path: string | undefined;
  /** Credentials by server id, instead of that key. */
  readonly credentials: Readonly<Record<string, CredentialSource>>;
  /** Which commands may be run that the host did not write. */
  readonly admitCommand: TenantryOptions["admitCommand"];
}

/** What the settings define, and what is wrong with the rest. */
export interface DefinedServers {
  readonly servers: Readonly<Record<string, ServerDefinition>>;
  readonly problems: readonly string[];
}

/** Finds the settings where the official plugin does: the setting `mcp`, the character's, and then the runtime's. */
export function findSettings(runtime: IAgentRuntime): Settings | undefined {
  const { settings } = runtime as IAgentRuntime & { readonly settings?: Settings };
  const places = [runtime.getSetting("mcp"), runtime.character.settings?.["mcp"], settings?.["mcp"]];
  return places.map(objectOf).find((found) => objectOf(found?.["servers"]) !== undefined);
}

/**
 * Makes definitions of the settings, each of its own: one that cannot be used is named in `problems`, without any of its values,
 * and keeps no other from being used. Nothing that is given is changed.
 */
export function definitionsIn(settings: Settings, options: SettingsOptions): DefinedServers {
  const problems: string[] = [];
  const entries = Object.entries(objectOf(settings["servers"]) ?? {}).flatMap(([id, entry]) => {
    try {
      const definition = definitionOf(id, entry, options);
      if (definition === undefined) return [];
      // Whether an instance takes it, an instance knows; it opens nothing.
      const { admitCommand } = options;
      void createTenantry({ servers: { [id]: definition }, admitCommand }).close();
      return [[id, definition] as const];
    } catch (error) {
      if (!(error instanceof TenantryError)) throw error;
      problems.push(error.message);
      return [];
    }
  });
  return { servers: Object.fromEntries(entries), problems };
}

function definitionOf(id: string, entry: unknown, options: SettingsOptions): ServerDefinition | undefined {
  const { timeoutInMillis, share, type, ...rest } = objectOf(entry) ?? {};
  const given = { ...rest, ...(typeof type === "string" && { type }) };
  const { servers } = serversFromJson({ servers: { [id]: given } }, { provenance: options.provenance });
  const plain = servers[id] as PlainServer | undefined;
  if (plain === undefined) return undefined;
  const { env = {}, command } = plain;
  const path = command !== undefined && options.path !== undefined && { PATH: options.path };
  return {
    ...plain,
    ...(path && { env: { ...path, ...env } }),
    ...credentialsOf(id, plain, options),
    ...(timeoutInMillis !== undefined && { timeoutMs: timeoutInMillis as number }),
    ...(share !== undefined && { share: share as Share }),
  };
}

/**
 * A user's key goes to the application's own origin, and nowhere where the settings have such a header. There is no default for
 * the origin: what happens to listen on this machine gets no key.
 */
function credentialsOf(
  id: string,
  { url, headers }: PlainServer,
  { appUrl, agentKey, credentials }: SettingsOptions,
): Pick<ServerDefinition, "credential" | "discovery"> {
  const given = Object.hasOwn(credentials, id) ? credentials[id] : undefined;
  if (given !== undefined) return { credential: given };
  const hasKey = Object.keys(headers ?? {}).some((name) => name.toLowerCase() === keyHeader.toLowerCase());
  if (hasKey || !isOwn(url, appUrl)) return { discovery: "anonymous" };
  return {
    credential: header(keyHeader, fromContext(keySetting)),
    ...(agentKey !== undefined && { discovery: header(keyHeader, fromStatic(agentKey)) }),
  };
}

function isOwn(url: string | URL | undefined, appUrl: string | undefined): boolean {
  if (url === undefined || appUrl === undefined || !URL.canParse(appUrl)) return false;
  const { origin, protocol } = new URL(appUrl);
  return /^https?:$/u.test(protocol) && new URL(url).origin === origin;
}

/** An object, or one as JSON. */
function objectOf(value: unknown): Settings | undefined {
  if (typeof value === "string") {
    try {
      return objectOf(JSON.parse(value));
    } catch {
      return undefined;
    }
  }
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Settings)
    : undefined;
}
