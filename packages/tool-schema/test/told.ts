import type { Hint } from "../src/index.ts";
import { isSchema, type Schema } from "./judges/walk.ts";

/** What was sent to a provider, and what was said of it. */
export interface Told {
  readonly description?: string | undefined;
  readonly schema: Schema | undefined;
  readonly hints: readonly Hint[];
}

const limits = [
  [
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
  ],
  [
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "enum",
    "const",
    "not",
  ],
  ["additionalProperties", "propertyNames", "patternProperties", "oneOf", "contains", "default"],
].flat();
/** Where these are gone, all beneath them is, too. */
const wholes = [
  "properties",
  "items",
  "prefixItems",
  "anyOf",
  "oneOf",
  "allOf",
  "$ref",
  "additionalProperties",
  "type",
];

/** The limits of the original that are neither in the fitted schema nor told; what a reference brings is looked at once. */
export function untold(original: Schema, fitted: Told): string[] {
  const complaints = limitsOf(original).filter(({ path, keyword, value }) => {
    const kept = partsAt(fitted, path).some((part) => isKept(part, keyword, value));
    return !kept && !fitted.hints.some((hint) => speaksOf(hint, path, keyword));
  });
  const descriptions = [fitted.description ?? "", ...everyDescription(fitted.schema)];
  const unsaid = fitted.hints.filter(
    ({ text }) => !descriptions.some((description) => description.includes(text)),
  );
  return [
    ...complaints.map(({ path, keyword }) => `${path.join("/")}: ${keyword} is gone and not told`),
    ...unsaid.map(({ path, text }) => `${path.join("/")}: “${text}” is in no description`),
  ];
}

interface Limit {
  readonly path: readonly string[];
  readonly keyword: string;
  readonly value: unknown;
}

function limitsOf(root: Schema): Limit[] {
  const found: Limit[] = [];
  const visit = (schema: unknown, path: readonly string[]): void => {
    if (!isSchema(schema)) return;
    for (const keyword of limits) {
      const value = schema[keyword];
      const isLimit =
        value !== undefined && value !== null && !(keyword === "uniqueItems" && value === false);
      const isOpen = keyword === "additionalProperties" && value !== false;
      if (isLimit && !isOpen) found.push({ path, keyword, value });
    }
    for (const [name, part] of Object.entries((schema["properties"] ?? {}) as object))
      visit(part, [...path, name]);
    visit(schema["items"], [...path, "[]"]);
  };
  visit(root, []);
  return found;
}

/** The parts of the fitted schema that speak of a place: of unions and references all. */
function partsAt({ schema: root, hints }: Told, path: readonly string[]): Schema[] {
  const called = (at: number) => {
    const step = path[at] ?? "";
    const suffix = ` is what the tool calls ${JSON.stringify(step)}`;
    const hint = hints.find(
      (one) =>
        one.keyword === "name" &&
        one.text.endsWith(suffix) &&
        one.path.join("/") === path.slice(0, at).join("/"),
    );
    return hint === undefined ? step : hint.text.slice(0, -suffix.length);
  };
  const spread = (schema: unknown, seen: readonly unknown[] = []): Schema[] => {
    if (!isSchema(schema) || seen.includes(schema)) return [];
    const reference = schema["$ref"];
    const target =
      typeof reference === "string" && isSchema(root?.["$defs"])
        ? root["$defs"][reference.split("/").at(-1) ?? ""]
        : undefined;
    const more = [
      target,
      ...((schema["anyOf"] ?? []) as unknown[]),
      ...((schema["oneOf"] ?? []) as unknown[]),
    ];
    return [schema, ...more.flatMap((one) => spread(one, [...seen, schema]))];
  };
  return path.reduce<Schema[]>(
    (parts, step, at) =>
      parts.flatMap((part) => {
        const properties = part["properties"];
        return spread(
          step === "[]" ? part["items"] : isSchema(properties) ? properties[called(at)] : undefined,
        );
      }),
    spread(root),
  );
}

function isKept(part: Schema, keyword: string, value: unknown): boolean {
  const own = part[keyword];
  if (JSON.stringify(own) === JSON.stringify(value)) return true;
  const listed = part["enum"] as unknown[] | undefined;
  if (keyword === "enum")
    return listed !== undefined && listed.every((one) => one === null || (value as unknown[]).includes(one));
  if (keyword === "const") return listed?.length === 1 && listed[0] === value;
  if (keyword === "exclusiveMinimum") return Number(part["minimum"]) > Number(value);
  if (keyword === "exclusiveMaximum") return Number(part["maximum"]) < Number(value);
  return keyword === "oneOf" && Array.isArray(own);
}

function speaksOf(hint: Hint, path: readonly string[], keyword: string): boolean {
  if (!hint.path.every((step, at) => step === path[at])) return false;
  return hint.path.length === path.length
    ? hint.keyword === keyword || wholes.includes(hint.keyword)
    : wholes.includes(hint.keyword);
}

function everyDescription(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === "description" && typeof value === "string" ? [value] : everyDescription(value),
  );
}
