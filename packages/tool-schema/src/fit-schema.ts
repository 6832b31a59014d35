import type { JsonObject } from "@tenantry/core";
import type { Dialect } from "./dialect.ts";
import { fitRoot } from "./fit-root.ts";
import { describe, rootPlace, startFitting, type Fitting } from "./fitting.ts";
import { described, type Hint } from "./hint.ts";
import { isObject, isSame } from "./json.ts";
import { loosen } from "./loosen.ts";
import { reduce } from "./reduce.ts";
import { reduceObject } from "./reduce-object.ts";
import { References } from "./references.ts";
import { dialectOf, type Target } from "./target.ts";
import { tidyRoot, type RootOutput } from "./tidy-root.ts";
import { restoreLike, type Undo } from "./undo.ts";
import { wellFormed } from "./well-formed.ts";

/** A schema that its target takes. */
export interface FittedSchema {
  /** The very object that was given where nothing had to change. */
  readonly schema: JsonObject;
  /** Whether anything had to. */
  readonly changed: boolean;
  /** What has to be said of the root, for the description of the tool; a root's own description is read by few models. */
  readonly note?: string;
  /** Everything that the target does not take, in the order in which it was met; the first 5,000. */
  readonly hints: readonly Hint[];
  /** For `unfitArguments`. */
  readonly undo: Undo;
}

/**
 * Fits the schema of a tool's arguments to what a target takes. Whatever the schema is, the result is one that the target
 * documents to take, within its limits and without half a character; what it leaves out is said in descriptions. The input is
 * only read, and nothing is fetched.
 */
export function fitSchema(schema: unknown, target: Target): FittedSchema {
  return fitTo(schema, dialectOf(target));
}

/** The same for what is known of a target. */
export function fitTo(schema: unknown, dialect: Dialect): FittedSchema {
  const input = isObject(schema) ? schema : {};
  const { fitting, root } = fit(input, dialect);
  const output = wellFormed(root.output, (old, next) => restoreLike(fitting.undo, old, next));
  const changed = !isSame(output, schema);
  const note = described(root.description, root.phrases)?.toWellFormed();
  return {
    schema: (changed ? output : input) as JsonObject,
    changed,
    ...(note !== undefined && { note }),
    hints: fitting.hints,
    undo: changed ? fitting.undo : new Map(),
  };
}

function fit(
  input: Readonly<Record<string, unknown>>,
  dialect: Dialect,
): { fitting: Fitting; root: RootOutput } {
  const begin = () => startFitting(dialect, new References(input));
  if (dialect.takes === "subset") {
    const fitting = begin();
    return { fitting, root: reduceRoot(fitting, input) };
  }
  const fitting = begin();
  const root = tidyRoot(fitting, input, { writesOut: false });
  if (root !== undefined) return { fitting, root };
  const again = begin();
  return { fitting: again, root: tidyRoot(again, input, { writesOut: true }) as RootOutput };
}

function reduceRoot(fitting: Fitting, input: Readonly<Record<string, unknown>>): RootOutput {
  const { keywords, telling, place } = fitRoot(fitting, input);
  const at = loosen(fitting, keywords, place, telling, ["if", "then", "else", "dependentSchemas"]);
  const { schema } = reduceObject(fitting, keywords, at, telling, {
    takesNull: false,
    isRoot: true,
    reduce,
  });
  const { description: _, ...rest } = schema;
  const own = describe(fitting, keywords.get("description"), []);
  const definitions = reduceDefinitions(fitting, schema);
  const output = {
    ...(keywords.has("$schema") &&
      fitting.dialect.keywords.has("$schema") && { $schema: keywords.get("$schema") }),
    ...rest,
    ...(own !== undefined && { description: own }),
    ...(definitions.size > 0 && { $defs: Object.fromEntries(definitions) }),
  };
  return { output: restoreLike(fitting.undo, schema, output), phrases: telling.phrases };
}

/** The definitions that a schema refers to in the end; what only a discarded part of it referred to is left out. */
function reduceDefinitions(fitting: Fitting, schema: unknown): ReadonlyMap<string, unknown> {
  const definitions = new Map<string, unknown>();
  const open = referencesIn(schema);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const referent = fitting.definitions.get(name);
    if (referent === undefined || definitions.has(name)) continue;
    const piece = reduce(fitting, referent.schema, rootPlace(["$defs", name]));
    definitions.set(name, piece.schema);
    open.push(...referencesIn(piece.schema));
  }
  return definitions;
}

/** The names of the definitions that are referred to, the last one first. */
function referencesIn(schema: unknown): string[] {
  const names: string[] = [];
  const open: unknown[] = [schema];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    if (typeof part !== "object" || part === null) continue;
    const reference: unknown = "$ref" in part ? part.$ref : undefined;
    if (typeof reference === "string" && reference.startsWith(prefix))
      names.push(reference.slice(prefix.length));
    open.push(...Object.values(part as object).filter((value) => value !== undefined));
  }
  return names;
}

const prefix = "#/$defs/";
