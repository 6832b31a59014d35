import { isObject, type Fields } from "../message.ts";
import type { SchemaProgram, SchemaStep } from "./schema-program.ts";
import type { RuleContext } from "./schema-rule.ts";
import { every, type Verdict } from "./schema-verdict.ts";

/** What came of checking one value; a place is a JSON pointer into the schema. */
export type CheckOutcome =
  { readonly kind: "fits" | "exhausted" } | { readonly kind: "breaks" | "unusable"; readonly place: string };

/**
 * Checks a value against a schema when neither is trusted. It runs no code and no expression of the schema's, fetches
 * nothing, takes at most `maxSteps` steps, and says that a value breaks its schema only where it does.
 */
export function checkValue(program: SchemaProgram, value: unknown, maxSteps: number): CheckOutcome {
  const check = new SchemaCheck(program, maxSteps);
  const verdict = check.apply(program.root, value);
  const place = check.place(verdict);
  if (place !== undefined) return { kind: verdict === "breaks" ? "breaks" : "unusable", place };
  return { kind: check.isExhausted ? "exhausted" : "fits" };
}

interface Place {
  readonly schema: Fields;
  readonly keyword: string;
}

class SchemaCheck implements RuleContext {
  readonly isRecent: boolean;
  readonly #program: SchemaProgram;
  #steps: number;
  #depth = 0;
  #breach: Place | undefined;
  #flaw: Place | undefined;

  constructor(program: SchemaProgram, maxSteps: number) {
    this.#program = program;
    this.#steps = maxSteps;
    this.isRecent = program.revision === 2020;
  }

  get isExhausted(): boolean {
    return this.#steps < 0;
  }

  spend(steps: number): void {
    this.#steps -= steps;
  }

  namesOf(value: Fields): readonly string[] {
    const names = Object.keys(value);
    // Dearer than a step each where there are many.
    this.spend(names.length << 2);
    return names;
  }

  apply(schema: unknown, value: unknown): Verdict {
    this.spend(1);
    if (this.isExhausted) return "unknown";
    if (typeof schema === "boolean") {
      this.#breach = undefined;
      return schema ? "holds" : "breaks";
    }
    if (!isObject(schema)) return "unusable";
    // A schema that leads back to itself at the same value has no bottom.
    if (this.#depth === maxDepth) this.#steps = -1;
    this.#depth++;
    const verdict = every(this.#program.stepsOf(schema), (step) => this.#judge(step, schema, value));
    this.#depth--;
    return verdict;
  }

  follow(reference: string, value: unknown): Verdict {
    const target = this.#program.targetOf(reference);
    return typeof target === "string" ? target : this.apply(target.schema, value);
  }

  place(verdict: Verdict): string | undefined {
    const place = verdict === "breaks" ? this.#breach : this.#flaw;
    return place && this.#program.placeOf(place.schema, place.keyword);
  }

  #judge({ judge, wanted, cost, passesOn, keyword }: SchemaStep, schema: Fields, value: unknown): Verdict {
    this.spend(cost);
    if (this.isExhausted) return "unknown";
    const verdict = judge(value, wanted, schema, this);
    if (verdict === "unusable") {
      this.#flaw ??= { schema, keyword };
      return "unknown";
    }
    // What decides is judged last, so the last breach is the one that counts.
    if (verdict === "breaks" && !(passesOn && this.#breach)) this.#breach = { schema, keyword };
    return verdict;
  }
}

/** How many schemas deep a check goes, which keeps it within every runtime's stack. */
const maxDepth = 256;
