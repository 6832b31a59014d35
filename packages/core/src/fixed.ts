/**
 * Whether an object will always say what it says now: it is frozen, it is of no class, and nothing of it is computed.
 * What it refers to may still change.
 */
export function isFixed(object: object): boolean {
  if (!Object.isFrozen(object)) return false;
  const prototype: unknown = Object.getPrototypeOf(object);
  // Any other one may compute what the object does not hold itself.
  if (prototype !== Object.prototype && prototype !== null) return false;
  // One by one, because a user's first call asks this several times, and all descriptors at once cost three times as much.
  return Reflect.ownKeys(object).every(
    (key) => "value" in (Object.getOwnPropertyDescriptor(object, key) ?? {}),
  );
}
