import type { Fitting, Telling } from "./fitting.ts";
import { printed } from "./json.ts";
import type { Keywords } from "./keywords.ts";
import { fitKey } from "./names.ts";

/** The names of the properties that a schema requires, in its own order. */
export function requiredOf(keywords: Keywords): readonly string[] {
  return (keywords.get("required") ?? []) as readonly string[];
}

/** As many of the named properties as there is room for, those that are required first; tells of the others. */
export function showSome(
  names: readonly string[],
  count: number,
  keywords: Keywords,
  telling: Telling,
): readonly string[] {
  const required = new Set(requiredOf(keywords));
  const first = names.toSorted((one, other) => Number(required.has(other)) - Number(required.has(one)));
  const left = first.slice(count);
  telling.tell("properties", `${left.length} more properties: ${printed(left.slice(0, 20), 240)}`);
  return first.slice(0, count);
}

/** What a property is called here; tells where the tool calls it something else. */
export function nameProperty({ dialect }: Fitting, name: string, telling: Telling): string {
  const key = fitKey(name, dialect.key);
  if (key !== name) telling.tell("name", `${key} is what the tool calls ${printed(name, 100)}`);
  return key;
}
