import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { kinds, type Items, type Kind } from "./kind.ts";
import { sizeUpTo } from "./list-size.ts";

/** One kind of a server's list as one authorization context was told of it, in the server's own words. Frozen throughout. */
export interface ItemList<K extends Kind = Kind> {
  readonly kind: K;
  /** The SHA-256 of its content as canonical JSON (RFC 8785), in base64url: lists with one hash are interchangeable. */
  readonly hash: string;
  readonly items: readonly Items[K][];
  /** What it takes: its characters, and 16 for each value. */
  readonly size: number;
}

/** A list that has not been looked for among those that are kept. */
export interface UnkeptList<K extends Kind = Kind> {
  readonly kind: K;
  readonly hash: string;
  /** Makes the list, of objects that nobody else has. */
  make(): ItemList<K>;
}

/** Names a list by its content; what it is made of is copied, and left as it is. */
export function itemList<K extends Kind>(kind: K, own: readonly Items[K][]): UnkeptList<K> {
  const text = JSON.stringify(own);
  const hash = createHash("sha256")
    .update(`${kind} ${canonicalText(own, text)}`)
    .digest("base64url");
  return {
    kind,
    hash,
    make: () => {
      const items = frozenThroughout(JSON.parse(text)) as readonly Items[K][];
      return Object.freeze({ kind, hash, items, size: sizeUpTo(Number.MAX_SAFE_INTEGER, items) });
    },
  };
}

/** What tells an item from the others of its list: a name, a URI or a URI template. */
export function keyOf<K extends Kind>(kind: K, item: Items[K]): string {
  return (item as unknown as Record<string, string>)[kinds[kind].key] ?? "";
}

/** Text that is not well-formed has no canonical form, and is then only like itself. */
function canonicalText(own: readonly unknown[], text: string): string {
  try {
    return canonicalize(own) ?? text;
  } catch {
    return text;
  }
}

/** A key `__proto__` is left out: whoever copies such an object would give the copy another prototype. */
function frozenThroughout(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Object.hasOwn(value, "__proto__")) delete (value as Record<string, unknown>)["__proto__"];
  for (const member of Object.values(value)) frozenThroughout(member);
  return Object.freeze(value);
}
