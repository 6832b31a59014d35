// By "How to implement tool use" and "Structured outputs" of Anthropic's documentation, and the messages of its API.
import { draftTrouble } from "./draft.ts";
import {
  brokenReferences,
  everySchema,
  isCyclic,
  isSchema,
  namedTypes,
  onlyKeywords,
  patternTrouble,
  type Found,
  type Judge,
  type Schema,
} from "./walk.ts";

/** A tool without `strict`. */
export const judgeAnthropic: Judge = ({ name, schema = {} }) => {
  const keys = Object.keys((schema["properties"] ?? {}) as object);
  return [
    ...(/^[a-zA-Z0-9_-]{1,64}$/u.test(name) ? [] : [`the name ${name} is not allowed`]),
    ...(schema["type"] === "object" ? [] : ["input_schema.type has to be object"]),
    ...["oneOf", "allOf", "anyOf"].filter((word) => word in schema).map((word) => `the root has ${word}`),
    ...keys.filter((key) => !/^[a-zA-Z0-9_.-]{1,64}$/u.test(key)).map((key) => `a property is called ${key}`),
    ...draftTrouble(schema),
    ...brokenReferences(schema),
  ];
};

/** A tool with `strict: true`. */
export const judgeAnthropicStrict: Judge = (declaration) => {
  const { schema } = declaration;
  if (schema === undefined) return [];
  const all = everySchema(schema);
  return [
    ...judgeAnthropic(declaration),
    ...all.flatMap((found) => judgePart(schema, found)),
    ...judgeComplexity(all.map((found) => found.schema)),
  ];
};

const strictKeywords = new Set(
  [
    [
      "type",
      "title",
      "description",
      "enum",
      "const",
      "default",
      "anyOf",
      "allOf",
      "$ref",
      "$defs",
      "definitions",
    ],
    ["$schema", "format", "pattern", "items", "minItems", "properties", "required", "additionalProperties"],
  ].flat(),
);
const formats = "date-time time date duration email hostname uri ipv4 ipv6 uuid".split(" ");

function judgePart(root: Schema, found: Found): string[] {
  const { schema, at } = found;
  const complaints = onlyKeywords(found, strictKeywords);
  if (!["type", "enum", "const", "anyOf", "allOf", "$ref"].some((word) => word in schema))
    complaints.push(`${at}: no type`);
  if (namedTypes(schema).includes("object") && schema["additionalProperties"] !== false)
    complaints.push(`${at}: additionalProperties has to be false`);
  if (Number(schema["minItems"] ?? 0) > 1) complaints.push(`${at}: minItems has to be 0 or 1`);
  if (schema["format"] !== undefined && !formats.includes(schema["format"] as string))
    complaints.push(`${at}: the format ${String(schema["format"])}`);
  const trouble = schema["pattern"] === undefined ? undefined : patternTrouble(schema["pattern"]);
  if (trouble !== undefined) complaints.push(`${at}: the pattern ${trouble}`);
  if (((schema["enum"] ?? []) as unknown[]).some((value) => typeof value === "object" && value !== null))
    complaints.push(`${at}: an enum of objects`);
  if (isSchema(schema["$defs"]))
    for (const [name, definition] of Object.entries(schema["$defs"]))
      if (isSchema(definition) && isCyclic(root, definition)) complaints.push(`${at}: ${name} is recursive`);
  return complaints;
}

function judgeComplexity(all: readonly Schema[]): string[] {
  const unions = all.filter((schema) => "anyOf" in schema || Array.isArray(schema["type"])).length;
  const optional = all.reduce((sum, { properties = {}, required = [] }) => {
    const names = Object.keys(properties as object);
    return sum + names.filter((name) => !(required as string[]).includes(name)).length;
  }, 0);
  return [
    ...(unions > 16 ? [`${unions} unions`] : []),
    ...(optional > 24 ? [`${optional} optional properties`] : []),
  ];
}
