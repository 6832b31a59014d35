import { randomUUID } from "node:crypto";

/** The keys of all users, old ones included. */
export class KeyRing {
  /** The newest is the last. */
  readonly #keys: ReadonlyMap<string, string[]>;

  constructor(users: readonly string[]) {
    this.#keys = new Map(users.map((user) => [user, [newKey()]]));
  }

  /** The newest key of a user; `undefined` for one who never had any. */
  keyOf(user: string): string | undefined {
    return this.#keys.get(user)?.at(-1);
  }

  /** Gives a user a new key beside the old ones. */
  renew(user: string): void {
    this.#keys.get(user)?.push(newKey());
  }

  /** The user of each key, as a server takes them: of all keys, or of the newest alone. */
  accepted(which: "all" | "newest"): Readonly<Record<string, string>> {
    const entries = [...this.#keys].flatMap(([user, keys]) =>
      (which === "all" ? keys : keys.slice(-1)).map((key) => [key, user] as const),
    );
    return Object.fromEntries(entries);
  }

  /** The users of whom there is a key in a text. */
  ownersIn(text: string): readonly string[] {
    return [...this.#keys].filter(([, keys]) => keys.some((key) => text.includes(key))).map(([user]) => user);
  }

  /** A text without the keys that are in it. */
  redact(text: string): string {
    return [...this.#keys.values()].flat().reduce((rest, key) => rest.replaceAll(key, "[key]"), text);
  }
}

function newKey(): string {
  return `key-${randomUUID()}`;
}
