/** How a value that fits one part of a fitted schema becomes what the tool takes. */
export interface Restoration {
  /** A text holds a JSON value, or a list of entries an object. */
  readonly decode?: "json" | "entries";
  /** What properties are called by the tool, by what they are called here. */
  readonly renamed?: ReadonlyMap<string, string>;
  /** The properties whose `null` means that they are left out. */
  readonly optional?: ReadonlySet<string>;
  /** The property that holds other properties. */
  readonly others?: string;
}

/** The way back, by the parts of the fitted schema; empty where arguments stay as they are. */
export type Undo = ReadonlyMap<object, Restoration>;

/** Has one part of the output read back as another is, in whose place it is, and gives it. */
export function restoreLike<S extends object>(undo: Map<object, Restoration>, old: object, next: S): S {
  const restoration = undo.get(old);
  if (restoration !== undefined) undo.set(next, restoration);
  return next;
}
