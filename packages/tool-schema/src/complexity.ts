import type { Dialect } from "./dialect.ts";
import { isObject } from "./json.ts";

/** Whether a fitted schema is within what one request may have of optional properties and unions. */
export function hasRoomFor(
  schema: unknown,
  { maxOptional = Infinity, maxUnions = Infinity }: Dialect,
): boolean {
  if (maxOptional === Infinity && maxUnions === Infinity) return true;
  let [optional, unions] = [0, 0];
  const open: unknown[] = [schema];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (!isObject(next)) continue;
    if (Array.isArray(next["type"]) || Array.isArray(next["anyOf"])) unions++;
    const required = Array.isArray(next["required"]) ? next["required"].length : 0;
    const { properties, $defs, items, anyOf } = next;
    if (isObject(properties)) optional += Object.keys(properties).length - required;
    for (const map of [properties, $defs]) if (isObject(map)) open.push(...Object.values(map));
    if (items !== undefined) open.push(items);
    if (Array.isArray(anyOf)) open.push(...(anyOf as unknown[]));
  }
  return optional <= maxOptional && unions <= maxUnions;
}
