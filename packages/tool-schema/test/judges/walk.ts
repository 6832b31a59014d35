/** A schema as a judge sees it. */
export type Schema = Readonly<Record<string, unknown>>;

/** A declaration that is sent to a provider. */
export interface Declaration {
  readonly name: string;
  readonly description?: string | undefined;
  readonly schema: Schema | undefined;
}

/** What a judge finds against a declaration; nothing where it is taken. */
export type Judge = (declaration: Declaration) => string[];

/** Whether a value is a JSON object. */
export function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One schema within another. */
export interface Found {
  readonly schema: Schema;
  /** Where it is, for the complaint. */
  readonly at: string;
  /** How many objects and arrays it is in, itself counted. */
  readonly depth: number;
  readonly isRoot: boolean;
}

/** Every schema within a schema, definitions and the branches of unions too, the root first. */
export function everySchema(root: Schema): Found[] {
  const found: Found[] = [];
  const open: Found[] = [{ schema: root, at: "#", depth: 1, isRoot: true }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    found.push(next);
    const { schema, at, depth } = next;
    const push = (value: unknown, step: string, deeper: number) => {
      if (isSchema(value)) open.push({ schema: value, at: `${at}/${step}`, depth: deeper, isRoot: false });
    };
    for (const word of ["properties", "patternProperties", "dependentSchemas"])
      for (const [name, value] of Object.entries((schema[word] ?? {}) as object))
        push(value, `${word}/${name}`, depth + 1);
    for (const word of ["$defs", "definitions"])
      for (const [name, value] of Object.entries((schema[word] ?? {}) as object))
        push(value, `${word}/${name}`, 1);
    for (const word of ["anyOf", "oneOf", "allOf"])
      ((schema[word] ?? []) as unknown[]).forEach((value, index) => push(value, `${word}/${index}`, depth));
    ((schema["prefixItems"] ?? []) as unknown[]).forEach((value, index) =>
      push(value, `prefixItems/${index}`, depth + 1),
    );
    for (const word of ["items", "additionalProperties", "contains", "propertyNames"])
      push(schema[word], word, depth + 1);
    for (const word of ["not", "if", "then", "else"]) push(schema[word], word, depth);
  }
  return found;
}

/** The types that a schema names. */
export function namedTypes({ type }: Schema): unknown[] {
  return type === undefined ? [] : Array.isArray(type) ? (type as unknown[]) : [type];
}

/** Complains of every keyword that is not listed. */
export function onlyKeywords({ schema, at }: Found, allowed: ReadonlySet<string>): string[] {
  return Object.keys(schema)
    .filter((keyword) => !allowed.has(keyword))
    .map((keyword) => `${at}: ${keyword} is not supported`);
}

/** Complains of references that lead nowhere in the same schema, or to themselves. */
export function brokenReferences(root: Schema): string[] {
  return everySchema(root).flatMap(({ schema, at }) => {
    const reference = schema["$ref"];
    if (reference === undefined) return [];
    const seen = new Set<unknown>();
    let target: unknown = schema;
    while (isSchema(target) && typeof target["$ref"] === "string" && !seen.has(target)) {
      seen.add(target);
      target = follow(root, target["$ref"]);
    }
    return target === undefined || seen.has(target) ? [`${at}: ${String(reference)} leads nowhere`] : [];
  });
}

/** Whether a schema can come to itself by its references. */
export function isCyclic(root: Schema, start: Schema): boolean {
  const open: unknown[] = everySchema(start).map(({ schema }) => schema["$ref"]);
  const seen = new Set<unknown>();
  for (let next = open.pop(); open.length > 0 || next !== undefined; next = open.pop()) {
    if (typeof next !== "string" || seen.has(next)) continue;
    seen.add(next);
    const target = follow(root, next);
    if (target === start || target === root) return true;
    if (isSchema(target)) open.push(...everySchema(target).map(({ schema }) => schema["$ref"]));
  }
  return false;
}

function follow(root: Schema, reference: string): unknown {
  if (reference === "#") return root;
  if (!reference.startsWith("#/")) return undefined;
  return reference
    .slice(2)
    .split("/")
    .map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>(
      (value, step) =>
        typeof value === "object" && value !== null && Object.hasOwn(value, step)
          ? value[step as keyof typeof value]
          : undefined,
      root,
    );
}

/** What engines without backtracking refuse of a regular expression. */
export function patternTrouble(pattern: unknown): string | undefined {
  if (typeof pattern !== "string") return "is no text";
  const lookaround = /\(\?<?[=!]/u.exec(pattern);
  if (lookaround !== null) return "has lookaround";
  // An escaped backslash is none of what follows it.
  const bare = pattern.replaceAll("\\\\", "");
  if (/\\[1-9]|\\k/u.test(bare)) return "has a back-reference";
  if (/\\[pPbB]/u.test(bare)) return "has an unknown escape";
  if (/\(\?[^:]/u.test(bare)) return "has a group of an unknown kind";
  try {
    new RegExp(pattern);
    return undefined;
  } catch {
    return "does not compile";
  }
}
