import type { DefinitionChange, Json } from "@tenantry/core";

/** How many places are told at most. */
const maxChanges = 64;
/** How much of each side is told, in characters of JSON. */
const maxLength = 1_024;
/** From which depth on something is told as a whole. */
const maxDepth = 32;

type Path = readonly (string | number)[];

/**
 * How a definition differs from another one, in the order of their keys. Own keys alone count: a server may call a member
 * `constructor`.
 */
export function changesBetween(before: Json, after: Json): readonly DefinitionChange[] {
  const changes: DefinitionChange[] = [];
  compare(changes, [], before, after);
  return changes;
}

function compare(changes: DefinitionChange[], path: Path, before: Json, after: Json): void {
  if (before === after || changes.length >= maxChanges) return;
  if (
    path.length < maxDepth &&
    isNested(before) &&
    isNested(after) &&
    Array.isArray(before) === Array.isArray(after)
  ) {
    compareMembers(changes, path, before, after);
  } else {
    changes.push({ path, kind: "changed", before: cut(before), after: cut(after) });
  }
}

function compareMembers(changes: DefinitionChange[], path: Path, before: object, after: object): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (changes.length >= maxChanges) return;
    const at = [...path, Array.isArray(before) ? Number(key) : key];
    const [old, now] = [memberOf(before, key), memberOf(after, key)];
    if (old === undefined) changes.push({ path: at, kind: "added", after: cut(now ?? null) });
    else if (now === undefined) changes.push({ path: at, kind: "removed", before: cut(old) });
    else compare(changes, at, old, now);
  }
}

function memberOf(value: object, key: string): Json | undefined {
  return Object.hasOwn(value, key) ? (value as Readonly<Record<string, Json>>)[key] : undefined;
}

function isNested(value: Json): value is Extract<Json, object> {
  return typeof value === "object" && value !== null;
}

function cut(value: Json): Json {
  const text = JSON.stringify(value);
  return text.length <= maxLength ? value : `${text.slice(0, maxLength)}…`;
}
