/** A name as elizaOS compares names. */
export function loosely(name: string): string {
  return name.toLowerCase().replaceAll("_", "");
}

/**
 * Which action a model meant. elizaOS runs the first action whose name is the same without case and underscores, and
 * failing that any whose name contains the other: `delete` would run `notes__delete_all`. Here a name is taken at its word.
 */
export class ActionNames<T> {
  readonly #exact = new Map<string, T>();
  readonly #loose = new Map<string, Set<T>>();

  /** Adds an action under its name and under the names that it is known by as well. */
  add(name: string, action: T, aliases: readonly string[] = []): void {
    this.#exact.set(name, action);
    for (const one of [name, ...aliases]) {
      const same = this.#loose.get(loosely(one)) ?? new Set<T>();
      this.#loose.set(loosely(one), same.add(action));
    }
  }

  /** The action of this name; without regard to case and underscores where that means one action only. */
  find(name: string): T | undefined {
    const exact = this.#exact.get(name);
    if (exact !== undefined) return exact;
    const [found, ...others] = this.#loose.get(loosely(name)) ?? [];
    return others.length === 0 ? found : undefined;
  }
}

/** Up to three of the names that a model may have meant. */
export function namesLike(asked: string, names: Iterable<string>): readonly string[] {
  const given = loosely(asked);
  const near = (one: string) => loosely(one).includes(given) || given.includes(loosely(one));
  return [...names].filter(near).slice(0, 3);
}
