/** Freezes a JSON value and all that is in it, cycles too. */
export function frozen<T>(value: T): T {
  const open: unknown[] = [value];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    if (typeof part !== "object" || part === null || Object.isFrozen(part)) continue;
    Object.freeze(part);
    open.push(...Object.values(part).filter((one) => one !== undefined));
  }
  return value;
}
