import { Ajv2020 } from "ajv/dist/2020.js";
import type { Schema } from "./walk.ts";

const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false, addUsedSchema: false });

/** What draft 2020-12 has against a schema. */
export function draftTrouble(schema: Schema): string[] {
  // Which draft a schema claims is not what it is checked against.
  const { $schema: _, ...rest } = schema;
  if (ajv.validateSchema(rest) === true) return [];
  return (ajv.errors ?? []).map(
    ({ instancePath, message = "" }) => `draft 2020-12: ${instancePath} ${message}`,
  );
}

/** What tells whether a value is valid by draft 2020-12; formats are not looked at. */
export function validatorOf(schema: unknown): (value: unknown) => boolean {
  // A property is what a value has itself, whatever objects inherit.
  const fresh = new Ajv2020({ strict: false, validateFormats: false, logger: false, ownProperties: true });
  const { $schema: _, ...rest } = schema as Schema;
  return fresh.compile(rest);
}
