import { nestsDeeper, quote, type Deviation } from "@tenantry/core";
import type { ClientLimits } from "../limits.ts";
import { isObject, type Fields } from "../message.ts";
import { checkValue } from "./schema-check.ts";
import { SchemaProgram } from "./schema-program.ts";

type SchemaLimits = Pick<ClientLimits, "maxOutputSchemas" | "maxOutputSchemaCharacters">;

/** One output schema, for every tool of every connection that has the same; kept beside the tool, and opaque. */
export class OutputSchema {
  readonly #text: string;
  #program: SchemaProgram | undefined;

  constructor(text: string) {
    this.#text = nestsDeeper(text, maxSchemaDepth) ? "" : text;
  }

  /** The schema prepared for checks, by the first who checks; `undefined` where it is nothing to check against. */
  get program(): SchemaProgram | undefined {
    return this.#text === "" ? undefined : (this.#program ??= new SchemaProgram(JSON.parse(this.#text)));
  }
}

/**
 * The output schemas of all tools that the connections of one connector know. One schema is kept once, whoever listed
 * it, by its content and nothing else: what one server calls its schema means nothing for another's.
 */
export class OutputSchemas {
  readonly #byText = new Map<string, OutputSchema>();
  readonly #limits: SchemaLimits;
  #characters = 0;

  constructor(limits: SchemaLimits) {
    this.#limits = limits;
  }

  /** How many schemas are shared at present. */
  get size(): number {
    return this.#byText.size;
  }

  /** Gives what a tool's results are checked with; the same for schemas of the same text. */
  learn(schema: unknown): OutputSchema | undefined {
    if (schema === undefined) return undefined;
    const text = textOf(schema);
    const known = this.#byText.get(text);
    if (known !== undefined) this.#byText.delete(text);
    else this.#characters += text.length;
    const learnt = known ?? new OutputSchema(text);
    this.#byText.set(text, learnt);
    this.#forgetOldest();
    return learnt;
  }

  /** Tells what a tool's result has against the tool's own output schema. */
  check(schema: OutputSchema | undefined, tool: string, result: Fields): Deviation | undefined {
    if (schema === undefined || !shouldBeStructured(result)) return undefined;
    const { structuredContent } = result;
    if (structuredContent === undefined) {
      return breach(`The tool ${quote(tool)} has an output schema and its result no structuredContent.`);
    }
    const { program } = schema;
    if (program === undefined)
      return unusable(tool, "is no object, too large or nested too deep; its results were not checked");
    const outcome = checkValue(program, structuredContent, maxSteps);
    switch (outcome.kind) {
      case "fits":
        return undefined;
      case "breaks":
        return breach(
          `The structuredContent of the tool ${quote(tool)} breaks the tool's output schema at ${quote(outcome.place)}.`,
        );
      case "unusable":
        return unusable(
          tool,
          `cannot be used at ${quote(outcome.place)}; what it says there was not checked`,
        );
      case "exhausted":
        return unusable(tool, `takes more than ${maxSteps} steps; the result was not checked to its end`);
    }
  }

  #forgetOldest(): void {
    const { maxOutputSchemas, maxOutputSchemaCharacters } = this.#limits;
    for (const text of this.#byText.keys()) {
      if (this.#byText.size <= maxOutputSchemas && this.#characters <= maxOutputSchemaCharacters) return;
      this.#byText.delete(text);
      this.#characters -= text.length;
    }
  }
}

/** What one check may take, in steps of some ten nanoseconds each. */
const maxSteps = 1_000_000;
/** The largest schema that anything is checked against, in characters, and its deepest nesting. */
const maxSchemaCharacters = 256 * 1024;
const maxSchemaDepth = 256;

/** The schema's content, as its server wrote it; empty where it is none or too large to be looked at. */
function textOf(schema: unknown): string {
  if (!isObject(schema)) return "";
  try {
    const text = JSON.stringify(schema);
    return text.length > maxSchemaCharacters ? "" : text;
  } catch {
    return "";
  }
}

/** A failed tool owes nothing, nor one that has not finished (MCP 2026-07-28) or is of before there were schemas. */
function shouldBeStructured(result: Fields): boolean {
  const { isError, resultType = "complete" } = result;
  return isError !== true && resultType === "complete" && !Object.hasOwn(result, "toolResult");
}

function breach(message: string): Deviation {
  return { kind: "output_schema", message };
}

function unusable(tool: string, why: string): Deviation {
  return { kind: "unusable_schema", message: `The output schema of the tool ${quote(tool)} ${why}.` };
}
