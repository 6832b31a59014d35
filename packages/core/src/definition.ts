import { z } from "zod";
import type { CredentialSource } from "./credential.ts";
import { quote, TenantryError } from "./error.ts";
import { checkHeaders } from "./headers.ts";
import { describeIssues } from "./schema-issues.ts";
import type { Share } from "./scope.ts";
import { checkRoute, type SwitchedServer, type UpstreamDefinition } from "./switched-server.ts";
import type { OpenPipeOptions, Pipe, Provenance } from "./upstream.ts";

/** The two protocol eras: `legacy` has a handshake and may have a session (up to 2025-11-25), `modern` has neither. */
export type Era = "legacy" | "modern";

/** What every server definition may say. */
export interface ServerOptions {
  /** What the server asks of each principal; several are sent together. Absent: no credential. */
  readonly credential?: CredentialSource | readonly CredentialSource[] | undefined;
  /** With what the server's lists are read before there is a user; absent: they are not. */
  readonly discovery?: CredentialSource | "anonymous" | undefined;
  /** Who may share one connection; defaults to `user`: nobody. */
  readonly share?: Share | undefined;
  /** The protocol era, where it is known; it saves the question. */
  readonly era?: Era | undefined;
  /** How long one request may take, in milliseconds; defaults to 60,000. */
  readonly timeoutMs?: number | undefined;
  /**
   * What the host takes this server's word for; defaults to nothing, and only the host's own code may say it. With
   * `annotations`, policies go by what its tools are declared to be, and a call of one that is declared read-only or
   * idempotent is sent again where it may not have arrived.
   */
  readonly trust?: { readonly annotations?: boolean | undefined } | undefined;
  /** Who wrote this definition; defaults to `code`, the host's own. {@link parseDefinition} sets `foreign`. */
  readonly provenance?: Provenance | undefined;
}

/** A server behind a URL. */
export interface RemoteServer extends ServerOptions {
  readonly url: string | URL;
  /** Headers for every request to the server's own origin; they win over a credential's unless it says otherwise. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly command?: never;
  readonly connect?: never;
  readonly upstreams?: never;
}

/** A server that runs as a child process and speaks over its stdio. */
export interface HostedServer extends ServerOptions {
  readonly command: string;
  readonly args?: readonly string[] | undefined;
  /** The child's whole environment, beside the credential's variables and a standard `PATH`. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  readonly url?: never;
  readonly connect?: never;
  readonly upstreams?: never;
}

/** A server inside this process. */
export interface InProcessServer extends ServerOptions {
  /** Opens one pipe to it; called once a connection. */
  readonly connect: (options: OpenPipeOptions) => Promise<Pipe>;
  readonly url?: never;
  readonly command?: never;
  readonly upstreams?: never;
}

/** A server that is reached in one way. */
export type DirectServer = RemoteServer | HostedServer | InProcessServer;

/** How to reach one MCP server. */
export type ServerDefinition = DirectServer | SwitchedServer;

const serverUrlExpected =
  "expected a whole http or https URL without user name, password, fragment, backslash or control character";

const plainSchemas = Object.freeze({
  url: z.strictObject({ ...plainOptions(), ...remoteFields() }),
  command: z.strictObject({ ...plainOptions(), ...hostedFields() }),
  upstreams: z.strictObject({ ...plainOptions(), ...switchedFields() }),
});

/** A definition that comes from a file or a network: plain data, and nothing that it does not know. */
export const serverDefinitionSchema = z.union([
  plainSchemas.url,
  plainSchemas.command,
  plainSchemas.upstreams,
]);

const codeSchemas = Object.freeze({
  url: z.strictObject({
    ...codeOptions(),
    ...remoteFields(),
    url: z.custom<string | URL>(isServerUrl, serverUrlExpected),
  }),
  command: z.strictObject({ ...codeOptions(), ...hostedFields() }),
  connect: z.strictObject({
    ...codeOptions(),
    connect: z.custom<InProcessServer["connect"]>(
      (value) => typeof value === "function",
      "expected a function",
    ),
  }),
  upstreams: z.strictObject({ ...codeOptions(), ...switchedFields() }),
});

/**
 * Checks a definition without connecting. Throws `DEFINITION_INVALID`, naming the path within `path` (for example
 * `servers.github.url`) and what was expected there; it never repeats a value, which may be a secret.
 */
export function checkDefinition(definition: unknown, path = "definition"): ServerDefinition {
  const checked = checkWhole(codeSchemas, definition, path);
  if (checked.trust !== undefined && checked.provenance === "foreign") {
    const why = "what the host trusts is said by its own code";
    throw new TenantryError("DEFINITION_INVALID", `${path}.trust: ${why}; leave it out.`);
  }
  for (const [at, { headers }] of partsOf(checked, path))
    if (headers !== undefined) checkHeaders(headers, `${at}.headers`);
  return Object.freeze(checked);
}

/** How a definition that is plain data is read. */
export interface ParseOptions {
  /** What its `credential` and `discovery` may name, by name; defaults to nothing. */
  readonly sources?: Readonly<Record<string, CredentialSource>> | undefined;
}

/**
 * Checks a definition that the host's own code did not write: a file's, a store's or a user's. It is plain data, credentials
 * are named in it, and it is marked as `foreign`, so that strict rules apply to where it leads. Throws `DEFINITION_INVALID`.
 */
export function parseDefinition(
  definition: unknown,
  path = "definition",
  { sources = {} }: ParseOptions = {},
): ServerDefinition {
  const plain = checkWhole(plainSchemas, definition, path);
  const named = (part: object, at: string) => withSources(part, at, sources);
  const parts = partsOf(plain, path).map(([at, part]) => named(part, at));
  if (plain.upstreams === undefined) return checkDefinition({ ...parts[0], provenance: "foreign" }, path);
  const upstreams = Object.fromEntries(
    Object.keys(plain.upstreams).map((name, index) => [name, parts[index]] as const),
  );
  return checkDefinition({ ...named(plain, path), upstreams, provenance: "foreign" }, path);
}

/** The definition itself, or its upstreams, each with where it is. */
function partsOf(definition: ServerDefinition, path: string): readonly (readonly [string, Part])[] {
  if (definition.upstreams === undefined) return [[path, definition as Part]];
  return Object.entries(definition.upstreams).map(
    ([name, part]) => [`${path}.upstreams.${name}`, part as Part] as const,
  );
}

type Part = Pick<RemoteServer, "headers">;

/** The part with the sources that it names; a name is not repeated, because a secret may stand there by mistake. */
function withSources(part: object, path: string, sources: NonNullable<ParseOptions["sources"]>): object {
  const { credential, discovery } = part as Readonly<Record<string, unknown>>;
  const source = (name: unknown, at: string) => {
    if (typeof name === "string" && Object.hasOwn(sources, name)) return sources[name];
    const known = Object.keys(sources).map((one) => quote(one));
    const there = known.length === 0 ? "there are none here" : `there are ${known.join(", ")}`;
    throw new TenantryError("DEFINITION_INVALID", `${path}.${at}: it names no credential source; ${there}.`);
  };
  return {
    ...part,
    ...(credential !== undefined && { credential: source(credential, "credential") }),
    ...(discovery !== undefined &&
      discovery !== "anonymous" && { discovery: source(discovery, "discovery") }),
  };
}

function plainOptions() {
  return {
    share: z.enum(["user", "workspace", "everyone"]).optional(),
    era: z.enum(["legacy", "modern"]).optional(),
    timeoutMs: z.int().positive().max(86_400_000).optional(),
    credential: z.string("expected the name of a credential source").optional(),
    discovery: z.string('expected "anonymous" or the name of a credential source').optional(),
  };
}

/** The upstreams and the route are checked one by one, each as what it is. */
function switchedFields() {
  const name = z
    .string()
    .regex(/^[\w-]{1,64}$/u, "expected a name of at most 64 characters of [A-Za-z0-9_-]");
  return {
    upstreams: record(
      name,
      z.custom<object>((value) => typeof value === "object" && value !== null),
    ),
    route: z.unknown().optional(),
  };
}

function codeOptions() {
  const source = z.custom<CredentialSource>(
    isSource,
    'expected a credential, such as bearer(fromContext("token"))',
  );
  return {
    ...plainOptions(),
    credential: z
      .union([source, z.array(source).readonly()], "expected a credential or a list of them")
      .optional(),
    discovery: z.union([z.literal("anonymous"), source], 'expected a credential or "anonymous"').optional(),
    trust: z.strictObject({ annotations: z.boolean().optional() }).optional(),
    provenance: z.enum(["code", "foreign"]).optional(),
  };
}

function remoteFields() {
  return {
    url: z.string().refine(isServerUrl, serverUrlExpected),
    headers: record(z.string(), z.string()).optional(),
  };
}

function hostedFields() {
  const text = z.string().refine((value) => !value.includes("\0"), "expected text without NUL characters");
  return {
    command: text.min(1, "expected a command"),
    args: z.array(text).readonly().optional(),
    env: record(
      z.string().regex(/^[^=\0]+$/u, "expected the name of an environment variable"),
      text,
    ).optional(),
    cwd: text.min(1, "expected a folder").optional(),
  };
}

/** A record that refuses the key `__proto__`, which zod would leave out in silence. */
function record<V extends z.ZodType>(key: z.ZodString, value: V) {
  const named = (given: unknown) =>
    typeof given !== "object" || given === null || !Object.hasOwn(given, "__proto__");
  return z.unknown().refine(named, 'expected no key "__proto__"').pipe(z.record(key, value));
}

/** Checks a definition, and where it has upstreams each of these and the route. */
function checkWhole(
  schemas: Readonly<Record<string, z.ZodObject>>,
  definition: unknown,
  path: string,
): ServerDefinition {
  const checked = checkAs(schemas, definition, path);
  if (checked.upstreams === undefined) return checked;
  const names = Object.keys(checked.upstreams);
  if (names.length < 2 || names.length > maxUpstreams) {
    const expected = `from 2 to ${maxUpstreams} upstreams`;
    throw new TenantryError("DEFINITION_INVALID", `${path}.upstreams: expected ${expected}.`);
  }
  const { upstreams: _upstreams, ...single } = schemas;
  const parts = Object.fromEntries(
    Object.entries(single).map(([kind, { shape }]) => [kind, z.strictObject(withoutWhole(shape))] as const),
  );
  const upstreams = Object.entries(checked.upstreams).map(([name, part]) => {
    const upstream: UpstreamDefinition = checkAs(parts, part, `${path}.upstreams.${name}`) as DirectServer;
    return [name, Object.freeze(upstream)] as const;
  });
  const route = checkRoute(checked.route, names, `${path}.route`);
  return { ...checked, upstreams: Object.freeze(Object.fromEntries(upstreams)), route };
}

/** What is decided for a server as a whole, no upstream says. */
function withoutWhole({
  share: _share,
  timeoutMs: _timeoutMs,
  provenance: _provenance,
  trust: _trust,
  ...shape
}: z.ZodRawShape) {
  return shape;
}

const maxUpstreams = 8;

/** Chooses the schema by the key that tells the kinds apart, so that the complaint is about the right kind. */
function checkAs(
  schemas: Readonly<Record<string, z.ZodObject>>,
  definition: unknown,
  path: string,
): ServerDefinition {
  const given = typeof definition === "object" && definition !== null ? definition : {};
  const [kind, ...others] = Object.keys(schemas).filter((key) => Object.hasOwn(given, key));
  const schema = kind === undefined || others.length > 0 ? undefined : schemas[kind];
  if (schema === undefined) {
    const expected = `an object with exactly one of ${Object.keys(schemas).join(", ")}`;
    throw new TenantryError("DEFINITION_INVALID", `${path}: expected ${expected}.`);
  }
  const result = schema.safeParse(definition);
  if (result.success) return result.data as object as ServerDefinition;
  throw new TenantryError(
    "DEFINITION_INVALID",
    describeIssues(result.error, path, Object.keys(schema.shape)),
  );
}

/** As it must be written: `new URL` mends much, and what it makes of a mistake is not what its reader sees. */
const writtenUrl = /^https?:\/\/[^\s/?#@\\]+(?:[/?][^#\\\p{Cc}]*)?$/iu;

function isServerUrl(value: unknown): boolean {
  if (typeof value === "string" && (!writtenUrl.test(value) || value !== value.trim())) return false;
  if (!(typeof value === "string" || value instanceof URL) || !URL.canParse(value)) return false;
  const { protocol, username, password, hash } = new URL(value);
  return (protocol === "https:" || protocol === "http:") && username === "" && password === "" && hash === "";
}

function isSource(value: unknown): boolean {
  return typeof value === "object" && value !== null && "bind" in value && typeof value.bind === "function";
}
