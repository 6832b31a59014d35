const redacted = "[redacted]";

/**
 * A string that does not show itself: `String(secret)`, `JSON.stringify(secret)` and `util.inspect(secret)`
 * give `[redacted]`. Only {@link Secret.reveal} gives the text, so that every use can be found by its name.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself; call it where the text leaves the process and nowhere else. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  get [Symbol.toStringTag](): string {
    return "Secret";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return redacted;
  }
}

/** Wraps a text that must not be shown. */
export function secret(text: string): Secret {
  return new Secret(text);
}
