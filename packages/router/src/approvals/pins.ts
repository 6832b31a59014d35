import { canonicalDigest } from "../canonical.ts";

/**
 * The hashes of definitions, each made once for as long as the definition is kept: the order of keys does not count, and
 * every byte of a text does.
 */
export class Pins {
  readonly #known = new WeakMap<object, string | null>();

  /** The hexadecimal SHA-256 of a definition that changes no more; `undefined` where it has no canonical form. */
  of(definition: object): string | undefined {
    let hash = this.#known.get(definition);
    if (hash === undefined) {
      hash = digest(definition);
      this.#known.set(definition, hash);
    }
    return hash ?? undefined;
  }
}

/** A text that is not well-formed Unicode, or a number that is none, comes from a server that nobody can approve. */
function digest(definition: object): string | null {
  try {
    return canonicalDigest(definition);
  } catch {
    return null;
  }
}
