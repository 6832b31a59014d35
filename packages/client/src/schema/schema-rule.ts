import type { Fields } from "../message.ts";
import type { Verdict } from "./schema-verdict.ts";

/** What a rule asks of the check that it is part of. */
export interface RuleContext {
  /** What another schema says of a value. */
  apply(schema: unknown, value: unknown): Verdict;
  /** What the schema that a `$ref` leads to says of a value. */
  follow(reference: string, value: unknown): Verdict;
  /** The names of an object's members. They have to be listed anew each time, which is work that the value decides. */
  namesOf(value: Fields): readonly string[];
  /** Pays for other work that grows with the value; what it found out holds even where that was the last of the budget. */
  spend(steps: number): void;
  /** Whether the budget is used up; from then on schemas say nothing any more. */
  readonly isExhausted: boolean;
  /** Whether the schema is of 2020-12, or does not say of when it is. */
  readonly isRecent: boolean;
}

/** What a keyword says of a value; `wanted` is what the schema has under the keyword. */
export type Judge = (value: unknown, wanted: unknown, schema: Fields, context: RuleContext) => Verdict;
