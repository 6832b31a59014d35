import { isObject, type Fields } from "../message.ts";
import { schemaRules, type SchemaRule } from "./schema-rules.ts";

/** One keyword of one schema, ready to be judged by. */
export interface SchemaStep extends Pick<SchemaRule, "judge" | "passesOn"> {
  readonly keyword: string;
  readonly wanted: unknown;
  /** What judging by it costs at least, in steps: what the schema wants has to be looked through. */
  readonly cost: number;
}

/** Where a `$ref` leads; nowhere, for some, and for others this does not look. */
export type SchemaTarget = { readonly schema: unknown } | "unknown" | "unusable";

/** One JSON Schema, prepared as far as it is used, for any number of checks. It must not change any more. */
export class SchemaProgram {
  readonly root: Fields;
  /** The draft or the year that the schema says it is of; 2020-12 where it does not say (MCP, JSON Schema usage). */
  readonly revision: number | undefined;
  readonly #steps = new Map<Fields, readonly SchemaStep[]>();
  readonly #targets = new Map<string, SchemaTarget>();

  constructor(root: Fields) {
    this.root = root;
    this.revision = revisionOf(root);
  }

  /** What a schema, which is this one or lies within it, says of values. */
  stepsOf(schema: Fields): readonly SchemaStep[] {
    let steps = this.#steps.get(schema);
    if (steps === undefined) this.#steps.set(schema, (steps = this.#prepare(schema)));
    return steps;
  }

  /** Where a reference leads. Only a JSON pointer into the schema itself is followed (RFC 6901). */
  targetOf(reference: string): SchemaTarget {
    let target = this.#targets.get(reference);
    if (target === undefined) this.#targets.set(reference, (target = this.#find(reference)));
    return target;
  }

  /** Names the place of a schema's keyword as a JSON pointer. */
  placeOf(schema: Fields, keyword: string): string {
    const path = pathTo(this.root, schema) ?? [];
    return ["#", ...path, keyword].map((part) => part.replace(/~/gu, "~0").replace(/\//gu, "~1")).join("/");
  }

  #prepare(schema: Fields): readonly SchemaStep[] {
    const { revision } = this;
    if (revision === undefined) return [{ keyword: "$schema", judge: () => "unusable", ...opaque }];
    if (this.#isForeign(schema)) return [{ keyword: "$id", judge: () => "unknown", ...opaque }];
    // Until draft 7 whatever stands beside a reference is ignored.
    const keywords = revision <= 7 && Object.hasOwn(schema, "$ref") ? ["$ref"] : Object.keys(schema);
    return keywords.flatMap((keyword) => {
      const rule = Object.hasOwn(schemaRules, keyword) ? schemaRules[keyword] : undefined;
      if (rule === undefined || (rule.since ?? 0) > revision) return [];
      const { judge, passesOn = false } = rule;
      const wanted = schema[keyword];
      return [{ keyword, judge, passesOn, wanted, cost: costOf(keyword, wanted) }];
    });
  }

  /** A schema within that has an address or a revision of its own, from which its references are read. */
  #isForeign(schema: Fields): boolean {
    if (schema === this.root) return false;
    const { $id, $schema } = schema;
    return typeof $id === "string" || ($schema !== undefined && $schema !== this.root.$schema);
  }

  #find(reference: string): SchemaTarget {
    // A name may be given anywhere within, and again in another part.
    if (/^#[^/]/u.test(reference)) return "unknown";
    if (!reference.startsWith("#")) return "unusable";
    let schema: unknown = this.root;
    for (const part of reference.split("/").slice(1)) {
      const name = memberName(part);
      if (name === undefined || typeof schema !== "object" || schema === null) return "unusable";
      if (isObject(schema) && this.#isForeign(schema)) return "unknown";
      if (!Object.hasOwn(schema, name)) return "unusable";
      schema = (schema as Fields)[name];
    }
    return { schema };
  }
}

const opaque = Object.freeze({ wanted: undefined, passesOn: false, cost: 1 });

const latest = "https://json-schema.org/draft/2020-12/schema";
const revisions =
  /^https?:\/\/json-schema\.org\/draft(?:-0(?<draft>[67])|\/(?<year>2019-09|2020-12))\/schema#?$/u;

function revisionOf({ $schema = latest }: Fields): number | undefined {
  const { draft, year } = (typeof $schema === "string" && revisions.exec($schema)?.groups) || {};
  return draft === undefined && year === undefined ? undefined : Number.parseInt(draft ?? year ?? "", 10);
}

/** Values are compared whole; schemas within pay for themselves when they are applied. */
function costOf(keyword: string, wanted: unknown): number {
  if (keyword === "enum" || keyword === "const") return 1 + (JSON.stringify(wanted).length >> 4);
  return typeof wanted === "object" && wanted !== null ? 1 + Object.keys(wanted).length : 1;
}

/** Reads one part of a JSON pointer in a URI fragment (RFC 6901, section 6). */
function memberName(part: string): string | undefined {
  try {
    return decodeURIComponent(part).replace(/~1/gu, "/").replace(/~0/gu, "~");
  } catch {
    return undefined;
  }
}

function pathTo(from: unknown, schema: Fields): readonly string[] | undefined {
  if (from === schema) return [];
  if (typeof from !== "object" || from === null) return undefined;
  for (const [name, value] of Object.entries(from)) {
    const path = pathTo(value, schema);
    if (path !== undefined) return [name, ...path];
  }
  return undefined;
}
