import { checkDefinition } from "./definition.ts";
import { definitionInvalid } from "./definition-invalid.ts";
import { quote } from "./error.ts";
import { serverId } from "./id.ts";
import { expandPlaceholders, type Variables } from "./placeholders.ts";
import type { ServerDefinition } from "./server-definition.ts";
import type { Provenance } from "./upstream.ts";

/** How a file of server definitions is read. */
export interface ServersFromJsonOptions {
  /**
   * Who wrote it: `code` for the host's own configuration, which is trusted to name commands and addresses. Defaults to
   * `foreign`, so that the file of a user is not taken for it.
   */
  readonly provenance?: Provenance | undefined;
  /** What placeholders such as `${API_KEY}` stand for, by name; defaults to nothing. The environment is never looked at. */
  readonly env?: Variables | undefined;
}

/** Something of a file that has no effect here. */
export interface IgnoredSetting {
  readonly path: string;
  readonly why: string;
}

/** What a file defines. */
export interface ServersFromJson {
  readonly servers: Readonly<Record<string, ServerDefinition>>;
  /** What was left out, and why. */
  readonly ignored: readonly IgnoredSetting[];
}

/** Which transports each kind of definition has, by the names that files give them. */
const transports = Object.freeze({
  command: Object.freeze(["stdio"]),
  url: Object.freeze(["http", "streamable-http", "streamableHttp", "sse"]),
});
const fields = Object.freeze({
  command: Object.freeze(["command", "args", "env", "cwd"]),
  url: Object.freeze(["url", "headers"]),
});

/**
 * Reads the familiar JSON of MCP clients: `{ "mcpServers": { id: … } }`, or `servers` as in VS Code, each with `command`
 * (`args`, `env`, `cwd`) or `url` (`headers`), as text or already parsed. What it does not know is named in `ignored`. Throws
 * `DEFINITION_INVALID`, naming the path and never a value, for what it cannot use, and for a placeholder that stands for
 * nothing.
 */
export function serversFromJson(
  json: string | object,
  { provenance = "foreign", env = {} }: ServersFromJsonOptions = {},
): ServersFromJson {
  const { mcpServers, servers, ...others } = objectAt(typeof json === "string" ? parse(json) : json, "file");
  const [root, ...second] = Object.entries({ mcpServers, servers }).filter(
    ([, value]) => value !== undefined,
  );
  if (root === undefined || second.length > 0)
    throw definitionInvalid("file", 'expected one key "mcpServers", or "servers"');
  const ignored: IgnoredSetting[] = Object.keys(others).map((key) => unknown(quote(key)));
  const [name, all] = root;
  const defined = Object.entries(objectAt(all, name)).flatMap(([id, given]) => {
    const path = `${name}.${/^[\w-]+$/u.test(id) ? id : quote(id)}`;
    const entry = objectAt(given, path);
    if (entry["disabled"] === true) {
      ignored.push({ path, why: "it is disabled" });
      return [];
    }
    return [[serverId(id), definitionOf(entry, { path, provenance, env, ignored })] as const];
  });
  return Object.freeze({
    servers: Object.freeze(Object.fromEntries(defined)),
    ignored: Object.freeze(ignored),
  });
}

interface Reading {
  readonly path: string;
  readonly provenance: Provenance;
  readonly env: Variables;
  readonly ignored: IgnoredSetting[];
}

function definitionOf(
  { type, disabled: _disabled, ...entry }: Readonly<Record<string, unknown>>,
  { path, provenance, env, ignored }: Reading,
): ServerDefinition {
  const kind = Object.hasOwn(entry, "command") ? "command" : "url";
  if (type !== undefined && !transports[kind].includes(type as string)) {
    const expected = transports[kind].map((one) => quote(one)).join(", ");
    throw definitionInvalid(`${path}.type`, `expected one of ${expected} beside ${quote(kind)}`);
  }
  const isKnown = (key: string) => fields[kind].includes(key) || key === "url" || key === "command";
  const known = Object.entries(entry).filter(([key]) => isKnown(key));
  for (const key of Object.keys(entry)) if (!isKnown(key)) ignored.push(unknown(`${path}.${quote(key)}`));
  const definition = expandPlaceholders(Object.fromEntries(known), env, path);
  const era = type === "sse" ? { era: "legacy" } : {};
  return checkDefinition({ ...(definition as object), ...era, provenance }, path);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/u, ""));
  } catch {
    // What the parser says quotes the text, which may hold a secret.
    throw definitionInvalid("file", "it is no JSON; comments and trailing commas are none either");
  }
}

function objectAt(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw definitionInvalid(path, "expected an object");
}

function unknown(path: string): IgnoredSetting {
  return Object.freeze({ path, why: "it means nothing here" });
}
