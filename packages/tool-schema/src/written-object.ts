import { Telling, within, type Fitting, type Place } from "./fitting.ts";
import type { Keywords } from "./keywords.ts";
import { withNull, type Piece } from "./piece.ts";
import type { ReducePart } from "./reduce-object.ts";
import { writeOthers } from "./reduce-others.ts";
import type { Restoration } from "./undo.ts";

/** What the property is called that holds all others. */
export const othersKey = "additional_properties";

/** The properties of an object while they are being written. */
export class WrittenObject {
  readonly #properties = new Map<string, unknown>();
  readonly #required: string[] = [];
  readonly #renamed = new Map<string, string>();
  readonly #optional = new Set<string>();
  #others: string | undefined;

  add(
    fitting: Fitting,
    key: string,
    piece: Piece,
    { name, isRequired }: { name: string; isRequired: boolean },
  ): void {
    const { requiresAll } = fitting.dialect;
    // Where the tool takes null, null is what it gets.
    const isOptional = requiresAll && !isRequired && !piece.takesNull;
    if (isOptional) this.#optional.add(key);
    if (key !== name) this.#renamed.set(key, name);
    if (isRequired || requiresAll) this.#required.push(key);
    this.#properties.set(key, isOptional ? withNull(fitting, piece).schema : piece.schema);
  }

  /** Adds one property that holds all others. */
  addOthers(fitting: Fitting, schema: unknown, place: Place, part: ReducePart): void {
    let key: string = othersKey;
    while (this.#properties.has(key)) key += "_";
    const inside = within(place, "{}");
    const object: Keywords = new Map([["type", "object"]]);
    const piece = writeOthers(fitting, object, schema, inside, new Telling(fitting, inside), {
      ...part,
      takesNull: false,
    });
    this.add(fitting, key, piece, { name: key, isRequired: false });
    this.#others = key;
  }

  writeTo(parts: Keywords, requiresAll: boolean): void {
    parts.set("properties", Object.fromEntries(this.#properties));
    if (requiresAll || this.#required.length > 0) parts.set("required", this.#required);
  }

  /** How it is read back; `undefined` where it is read as it is. */
  restoration(): Restoration | undefined {
    const [renamed, optional, others] = [this.#renamed, this.#optional, this.#others];
    if (renamed.size === 0 && optional.size === 0 && others === undefined) return undefined;
    return { renamed, optional, ...(others !== undefined && { others }) };
  }
}
