import type { JsonObject } from "@tenantry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frozen } from "../test/frozen.ts";
import { validatorOf } from "../test/judges/draft.ts";
import { samplesOf } from "../test/samples.ts";
import { schemas, shapes } from "../test/schemas.ts";
import { targets } from "../test/targets.ts";
import { fitTool, unfitArguments, type Target } from "./index.ts";

const fit = (schema: object, target: Target) =>
  fitTool({ name: "tool", inputSchema: schema as object }, target);
const isStrict = (target: Target) => "strict" in target && target.strict === true;

/** What a value can break that is no matter of its shape. */
const limits = ["enum", "const", "not", "anyOf", "additionalProperties"];

describe.each(targets)("any schema, for $name", ({ target, judge, loose }) => {
  it("is taken, and only read", () => {
    fc.assert(
      fc.property(schemas, (schema) => {
        const fitted = fit(frozen(schema), target);
        expect((isStrict(target) && !fitted.strict ? loose : judge)(fitted)).toEqual([]);
      }),
      { numRuns: 50 },
    );
  }, 60_000);

  it("is the same when it is fitted once more", () => {
    fc.assert(
      fc.property(schemas, (schema) => {
        const once = fit(schema, target);
        // What has filled a limit may be over it when it is counted again.
        const isFull = JSON.stringify(once.schema ?? {}).length > 100_000;
        if (once.schema === undefined || isFull || (isStrict(target) && !once.strict)) return;
        const again = fit(once.schema, target);
        expect({ schema: again.schema, changed: again.changed }).toEqual({
          schema: once.schema,
          changed: false,
        });
        expect(again.schema).toBe(once.schema);
      }),
      { numRuns: 50 },
    );
  }, 60_000);

  it("gives back arguments that the tool takes", () => {
    const several = (schema: object) => {
      const { schema: own = { type: "object" }, undo, hints } = fit(schema, target);
      const given = fc.array(samplesOf(own), { minLength: 4, maxLength: 4 });
      return fc.tuple(fc.constant({ schema, fitted: { schema: own as JsonObject, undo }, hints }), given);
    };
    fc.assert(
      fc.property(shapes.chain(several), ([{ schema, fitted, hints }, all]) => {
        const lost = hints.filter(
          ({ keyword, text }) => limits.includes(keyword) && !text.startsWith("a list"),
        );
        if (lost.length > 0) return;
        const isValid = validatorOf(schema);
        for (const given of all) {
          const back = unfitArguments(frozen(given), fitted);
          expect({ given, back, isValid: isValid(back) }).toEqual({ given, back, isValid: true });
        }
      }),
      { numRuns: 30 },
    );
  }, 60_000);
});
