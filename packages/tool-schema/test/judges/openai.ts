// By "Function calling" and "Structured outputs" of OpenAI's documentation, and the messages of its API.
import { draftTrouble } from "./draft.ts";
import {
  brokenReferences,
  everySchema,
  isSchema,
  namedTypes,
  onlyKeywords,
  patternTrouble,
  type Declaration,
  type Found,
  type Judge,
} from "./walk.ts";

const formats = ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];

/** A function without `strict`. */
export const judgeOpenAi: Judge = (declaration) => {
  const { schema } = declaration;
  if (schema === undefined) return [];
  return [
    ...judgeDeclaration(declaration),
    ...draftTrouble(schema),
    ...brokenReferences(schema),
    ...everySchema(schema).flatMap(({ schema: part, at }) => {
      const trouble = part["pattern"] === undefined ? undefined : patternTrouble(part["pattern"]);
      const isBare = namedTypes(part).includes("array") && !("items" in part) && !("prefixItems" in part);
      return [
        ...(trouble === undefined ? [] : [`${at}: the pattern ${trouble}`]),
        ...(isBare ? [`${at}: array schema missing items`] : []),
        ...(part["format"] === undefined || formats.includes(part["format"] as string)
          ? []
          : [`${at}: ${String(part["format"])} is not a valid format`]),
      ];
    }),
  ];
};

/** A function with `strict: true`. */
export const judgeOpenAiStrict: Judge = (declaration) => {
  const { schema } = declaration;
  if (schema === undefined) return [];
  const all = everySchema(schema);
  return [...judgeOpenAi(declaration), ...all.flatMap(judgePart), ...judgeSize(all)];
};

function judgeDeclaration({ name, description = "", schema = {} }: Declaration): string[] {
  const banned = ["oneOf", "anyOf", "allOf", "enum", "not"].filter((word) => word in schema);
  return [
    ...(/^[a-zA-Z0-9_-]{1,64}$/u.test(name) ? [] : [`the name ${name} is not allowed`]),
    ...(description.length > 1_024 ? [`the description has ${description.length} characters`] : []),
    ...(schema["type"] === "object" ? [] : ["the root is no object"]),
    ...banned.map((word) => `the root has ${word}`),
  ];
}

const strictKeywords = new Set(
  [
    ["type", "title", "description", "enum", "const", "anyOf", "$ref", "$defs", "$schema"],
    ["pattern", "format", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"],
    ["minItems", "maxItems", "items", "properties", "required", "additionalProperties"],
  ].flat(),
);

function judgePart(found: Found): string[] {
  const { schema, at, isRoot } = found;
  const complaints = onlyKeywords(found, strictKeywords);
  if (isRoot && "anyOf" in schema) complaints.push("the root is a union");
  if ("$ref" in schema && Object.keys(schema).length > 1)
    complaints.push(`${at}: $ref cannot have keywords beside it`);
  if (!["type", "anyOf", "$ref"].some((word) => word in schema)) complaints.push(`${at}: no type`);
  const listed = (schema["enum"] ?? []) as unknown[];
  if (listed.some((value) => typeof value === "object" && value !== null))
    complaints.push(`${at}: an enum of objects`);
  if (!namedTypes(schema).includes("object")) return complaints;
  const names = Object.keys((schema["properties"] ?? {}) as object).sort();
  const required = [...((schema["required"] ?? []) as string[])].sort();
  if (schema["additionalProperties"] !== false)
    complaints.push(`${at}: additionalProperties is required to be supplied and to be false`);
  if (JSON.stringify(names) !== JSON.stringify(required))
    complaints.push(`${at}: required has to include every key in properties`);
  return complaints;
}

function judgeSize(all: readonly Found[]): string[] {
  let [properties, values, text] = [0, 0, 0];
  const complaints: string[] = [];
  for (const { schema, at, depth } of all) {
    const isContainer = namedTypes(schema).some((type) => type === "object" || type === "array");
    if (isContainer && depth > 10) complaints.push(`${at}: ${depth} levels of nesting`);
    const names = Object.keys((schema["properties"] ?? {}) as object);
    const definitions = isSchema(schema["$defs"]) ? Object.keys(schema["$defs"]) : [];
    const listed = ((schema["enum"] ?? []) as unknown[]).map(String);
    properties += names.length;
    values += listed.length;
    const ownText = listed.join("").length;
    if (listed.length > 250 && ownText > 15_000) complaints.push(`${at}: an enum of ${ownText} characters`);
    text += [...names, ...definitions, String(schema["const"] ?? "")].join("").length + ownText;
  }
  if (properties > 5_000) complaints.push(`${properties} properties`);
  if (values > 1_000) complaints.push(`${values} enum values`);
  if (text > 120_000) complaints.push(`${text} characters of names and values`);
  return complaints;
}
