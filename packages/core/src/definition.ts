import { z } from "zod";
import type { CredentialSource } from "./credential.ts";
import { codeSchemas, plainSchemas } from "./definition-schemas.ts";
import { definitionInvalid } from "./definition-invalid.ts";
import { quote, TenantryError } from "./error.ts";
import { checkHeaders } from "./headers.ts";
import { describeIssues } from "./schema-issues.ts";
import type { DirectServer, RemoteServer, ServerDefinition } from "./server-definition.ts";
import { checkRoute, type UpstreamDefinition } from "./switched-server.ts";

/**
 * Checks a definition without connecting. Throws `DEFINITION_INVALID`, naming the path within `path` (for example
 * `servers.github.url`) and what was expected there; it never repeats a value, which may be a secret.
 */
export function checkDefinition(definition: unknown, path = "definition"): ServerDefinition {
  const checked = checkWhole(codeSchemas, definition, path);
  if (checked.trust !== undefined && checked.provenance === "foreign") {
    const why = "what the host trusts is said by its own code";
    throw definitionInvalid(`${path}.trust`, `${why}; leave it out`);
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
    throw definitionInvalid(`${path}.${at}`, `it names no credential source; ${there}`);
  };
  return {
    ...part,
    ...(credential !== undefined && { credential: source(credential, "credential") }),
    ...(discovery !== undefined &&
      discovery !== "anonymous" && { discovery: source(discovery, "discovery") }),
  };
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
    throw definitionInvalid(`${path}.upstreams`, `expected ${expected}`);
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
    throw definitionInvalid(path, `expected ${expected}`);
  }
  const result = schema.safeParse(definition);
  if (result.success) return result.data as object as ServerDefinition;
  throw new TenantryError(
    "DEFINITION_INVALID",
    describeIssues(result.error, path, Object.keys(schema.shape)),
  );
}
