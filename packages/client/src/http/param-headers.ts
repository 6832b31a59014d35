import { isObject } from "../message.ts";
import { routingValue } from "./routing-headers.ts";

/** One argument that a server wants to see in a header too. */
interface Mirror {
  readonly header: string;
  readonly path: readonly string[];
}

/**
 * The arguments that a tool's server wants mirrored into `Mcp-Param-*` headers, learnt from the lists that this
 * connection carried (MCP 2026-07-28, Streamable HTTP, custom headers from tool parameters).
 */
export class ParamHeaders {
  /** Made with the first tool that has any, because few have. */
  #mirrors: Map<string, readonly Mirror[]> | undefined;

  /** Whether it knows of something to mirror for a tool. */
  has(tool: string): boolean {
    return this.#mirrors?.has(tool) === true;
  }

  /** Learns from one page of `tools/list`, and gives it without the tools whose annotations are invalid. */
  learn(page: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    if (!Array.isArray(page.tools)) return page;
    const tools = page.tools.filter((tool: unknown) => this.#learnTool(tool));
    return tools.length === page.tools.length ? page : { ...page, tools };
  }

  /** The headers for one call; `undefined` where there are none. */
  of(tool: string, args: unknown): Readonly<Record<string, string>> | undefined {
    const mirrors = this.#mirrors?.get(tool);
    if (mirrors === undefined) return undefined;
    const headers: Record<string, string> = {};
    for (const { header, path } of mirrors) {
      const text = primitiveText(
        path.reduce((value, key) => (isObject(value) ? value[key] : undefined), args),
      );
      if (text !== undefined) headers[`mcp-param-${header}`] = routingValue(text);
    }
    return headers;
  }

  #learnTool(tool: unknown): boolean {
    if (!isObject(tool) || typeof tool.name !== "string") return true;
    const mirrors: Mirror[] = [];
    const valid = findMirrors(tool.inputSchema, [], true, mirrors);
    this.#mirrors?.delete(tool.name);
    if (valid && mirrors.length > 0 && (this.#mirrors?.size ?? 0) < maxTools)
      (this.#mirrors ??= new Map()).set(tool.name, mirrors);
    return valid;
  }
}

/** A server can give its tools other names with every list. */
const maxTools = 10_000;

const annotation = "x-mcp-header";
const token = /^[!#$%&'*+\-.^_`|~\w]{1,128}$/u;
/** More headers than this reach no server. */
const maxMirrors = 64;
const mirrored: ReadonlySet<unknown> = new Set(["string", "integer", "boolean"]);

/**
 * Collects a schema's annotations; `false` where one is invalid: not a header's name, not unique, not on a primitive,
 * one of too many, or in a place that arguments reach by more than a chain of `properties`.
 */
function findMirrors(schema: unknown, path: readonly string[], reachable: boolean, found: Mirror[]): boolean {
  if (Array.isArray(schema)) return schema.every((one) => findMirrors(one, path, false, found));
  if (!isObject(schema)) return true;
  if (annotation in schema && !addMirror(schema, path, reachable, found)) return false;
  return Object.entries(schema).every(([keyword, value]) => {
    if (notSchemas.has(keyword)) return true;
    if (keyword !== "properties" || !isObject(value)) return findMirrors(value, path, false, found);
    return Object.entries(value).every(([name, one]) => findMirrors(one, [...path, name], reachable, found));
  });
}

/** Keywords whose values are data, in which the annotation's name means nothing. */
const notSchemas: ReadonlySet<string> = new Set([
  "const",
  "default",
  "enum",
  "example",
  "examples",
  annotation,
]);

function addMirror(
  schema: Readonly<Record<string, unknown>>,
  path: readonly string[],
  reachable: boolean,
  found: Mirror[],
): boolean {
  const name = schema[annotation];
  if (!reachable || path.length === 0 || typeof name !== "string" || !token.test(name)) return false;
  const header = name.toLowerCase();
  if (found.length >= maxMirrors || !mirrored.has(schema.type)) return false;
  if (found.some((other) => other.header === header)) return false;
  found.push({ header, path });
  return true;
}

function primitiveText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "boolean" || Number.isSafeInteger(value)) return String(value);
  return typeof value === "number" && Number.isFinite(value) && !Number.isInteger(value)
    ? String(value)
    : undefined;
}
