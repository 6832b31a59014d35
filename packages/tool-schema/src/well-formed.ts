/** Is told of each object that another takes the place of. */
type Replaced = (old: object, next: object) => void;

/**
 * A value in whose texts and keys no character is half: a surrogate without the other becomes U+FFFD, because a provider
 * refuses a whole request for one. The very same value where there is none, and beyond 1,024 levels.
 */
export function wellFormed<T>(value: T, replaced?: Replaced): T {
  return mended(value, { replaced, made: new Map() }, 1_024) as T;
}

interface Mending {
  readonly replaced: Replaced | undefined;
  /** What became of each object; of one that holds itself nothing yet, and it stays as it is there. */
  readonly made: Map<object, object>;
}

function mended(value: unknown, mending: Mending, depth: number): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value !== "object" || value === null || depth === 0) return value;
  const known = mending.made.get(value);
  if (known !== undefined) return known;
  mending.made.set(value, value);
  const next = Array.isArray(value)
    ? mendedItems(value, mending, depth - 1)
    : mendedFields(value as Readonly<Record<string, unknown>>, mending, depth - 1);
  if (next !== value) mending.replaced?.(value, next);
  mending.made.set(value, next);
  return next;
}

function mendedItems(items: readonly unknown[], mending: Mending, depth: number): readonly unknown[] {
  const next = items.map((item) => mended(item, mending, depth));
  return next.every((item, at) => item === items[at]) ? items : next;
}

function mendedFields(fields: Readonly<Record<string, unknown>>, mending: Mending, depth: number): object {
  let isSame = true;
  const next = Object.entries(fields).map(([key, field]): [string, unknown] => {
    const entry: [string, unknown] = [key.toWellFormed(), mended(field, mending, depth)];
    isSame &&= entry[0] === key && entry[1] === field;
    return entry;
  });
  return isSame ? fields : Object.fromEntries(next);
}
