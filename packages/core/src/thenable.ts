/**
 * Whether a value is a promise: of this realm, of another one or of a library's own. What a host's function gives may be
 * any of them, and taken for the value itself it would be none of what is expected.
 */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  const isHolder = (typeof value === "object" && value !== null) || typeof value === "function";
  return isHolder && "then" in value && typeof value.then === "function";
}
