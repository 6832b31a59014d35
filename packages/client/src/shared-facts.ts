import type { ServerFacts } from "@tenantry/core";
import { frozenJson } from "./frozen-json.ts";

/** What is taken for granted of a server that is not asked: everything, because the server itself refuses what it lacks. */
export const unaskedFacts: ServerFacts = Object.freeze({
  capabilities: Object.freeze({
    tools: Object.freeze({}),
    resources: Object.freeze({}),
    prompts: Object.freeze({}),
    completions: Object.freeze({}),
  }),
});

/** How many are kept, and how many characters they may have as JSON: each, and all together. */
const maxKept = 256;
const maxEach = 64 * 1024;
const maxTogether = 1024 * 1024;

/**
 * What servers said of themselves, once for all connections of one connector whose servers said the very same. Only the
 * content counts, so that nobody is given what was told to somebody else; what was used least recently is forgotten.
 */
export class SharedFacts {
  readonly #byText = new Map<string, ServerFacts>();
  #characters = 0;

  /** How many are kept at present. */
  get size(): number {
    return this.#byText.size;
  }

  /** Gives the same content, frozen throughout; what was given stays as it is. */
  of(facts: ServerFacts): ServerFacts {
    const text = JSON.stringify(facts);
    const shared = this.#byText.get(text) ?? (frozenJson(text) as ServerFacts);
    if (text.length <= maxEach) this.#keep(text, shared);
    return shared;
  }

  #keep(text: string, facts: ServerFacts): void {
    if (!this.#byText.delete(text)) this.#characters += text.length;
    this.#byText.set(text, facts);
    for (const oldest of this.#byText.keys()) {
      if (this.#byText.size <= maxKept && this.#characters <= maxTogether) return;
      this.#byText.delete(oldest);
      this.#characters -= oldest.length;
    }
  }
}
