import type { Dialect } from "./dialect.ts";
import { described, phrase, type Hint } from "./hint.ts";
import { cut } from "./json.ts";
import type { References } from "./references.ts";
import type { Restoration } from "./undo.ts";

/** One schema on its way to one provider: what is known of both, what has been said, and what is left of the bounds. */
export interface Fitting {
  readonly dialect: Dialect;
  readonly references: References;
  readonly hints: Hint[];
  readonly undo: Map<object, Restoration>;
  /** What is left; every part of the output takes from it before it is made. */
  readonly left: {
    nodes: number;
    properties: number;
    text: number;
    enumValues: number;
    descriptions: number;
  };
  /** The definitions that are referred to, by name; those without a schema wait for their turn. */
  readonly definitions: Map<string, { readonly pointer: string; readonly schema: unknown }>;
}

/** How many schemas the output may have; inlined references are counted each time. */
const maxNodes = 10_000;
/** How long all descriptions may be together, in UTF-16 units. */
const maxDescriptions = 1_048_576;
/** How many schemas may be within each other, those of unions and references counted. */
export const maxSteps = 96;
/** How many hints are kept; what is said in descriptions is bounded by the nodes. */
const maxHints = 5_000;

/** Begins with all bounds untouched. */
export function startFitting(dialect: Dialect, references: References): Fitting {
  const { maxProperties, maxText, maxEnumValues = Infinity } = dialect;
  const left = {
    nodes: maxNodes,
    properties: maxProperties,
    text: maxText,
    enumValues: maxEnumValues,
    descriptions: maxDescriptions,
  };
  return { dialect, references, hints: [], undo: new Map(), left, definitions: new Map() };
}

/** Takes from what is left; `false` where there is too little, and then nothing is taken. */
export function take({ left }: Fitting, what: keyof Fitting["left"], amount: number): boolean {
  if (left[what] < amount) return false;
  left[what] -= amount;
  return true;
}

/** A description with what has to be said beside it, as far as there is room; `undefined` where it is empty. */
export function describe(
  { left }: Fitting,
  description: unknown,
  phrases: readonly string[],
): string | undefined {
  const text = cut(described(description, phrases) ?? "", left.descriptions);
  left.descriptions -= text.length;
  return text === "" ? undefined : text;
}

/** Where a schema stands. */
export interface Place {
  readonly path: readonly string[];
  /** How many objects and arrays it is within, itself counted. */
  readonly depth: number;
  /** How many schemas it is within, unions and merged ones counted. */
  readonly steps: number;
  /** The references that have been followed to get here, the last one first. */
  readonly followed: Followed | undefined;
}

interface Followed {
  readonly pointer: string;
  readonly before: Followed | undefined;
}

/** The place of a whole schema, or of a definition. */
export function rootPlace(path: readonly string[] = []): Place {
  return { path, depth: 1, steps: 0, followed: undefined };
}

/** The place of what an object or an array holds. */
export function within(place: Place, step: string): Place {
  return { ...place, path: [...place.path, step], depth: place.depth + 1, steps: place.steps + 1 };
}

/** The place of one of a union. */
export function beside(place: Place): Place {
  return { ...place, steps: place.steps + 1 };
}

/** The place after a reference has been followed. */
export function following(place: Place, pointer: string): Place {
  return { ...place, steps: place.steps + 1, followed: { pointer, before: place.followed } };
}

/** A place after the references, too, that another one has followed from where both came from. */
export function followingLike(place: Place, other: Place, from: Place): Place {
  let after = place;
  for (let one = other.followed; one !== undefined && one !== from.followed; one = one.before) {
    const { pointer } = one;
    if (timesFollowed(after, pointer) === timesFollowed(from, pointer)) after = following(after, pointer);
  }
  return after;
}

/** How often a reference has been followed already to get to a place. */
export function timesFollowed(place: Place, pointer: string): number {
  let times = 0;
  for (let one = place.followed; one !== undefined; one = one.before) if (one.pointer === pointer) times++;
  return times;
}

/** What has to be said at one place. */
export class Telling {
  readonly phrases: string[] = [];
  readonly #hints: Hint[];
  readonly #path: readonly string[];

  constructor({ hints }: Fitting, { path }: Place) {
    this.#hints = hints;
    this.#path = path;
  }

  /** Says what is not taken, in the nearest description and as a hint. */
  tell(keyword: string, text: string): void {
    const short = phrase(text);
    this.phrases.push(short);
    if (this.#hints.length < maxHints) this.#hints.push({ path: this.#path, keyword, text: short });
  }
}
