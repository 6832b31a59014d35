/** Reads JSON as a value that is frozen throughout, because many hold it. */
export function frozenJson(text: string): unknown {
  return JSON.parse(text, (_name, part: unknown) => Object.freeze(part));
}

/** Copies a value as JSON has it, frozen throughout: whoever has the original goes on changing that alone. */
export function frozenCopy<T extends object>(value: T): T {
  return frozenJson(JSON.stringify(value)) as T;
}
