/**
 * Goes on with a value: at once where it is at hand, else when it has come. Most calls wait for nothing, and each `await`
 * of nothing would cost them a promise and a turn of the queue.
 */
export function goOn<T, U>(value: T | Promise<T>, next: (value: T) => U | Promise<U>): U | Promise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
