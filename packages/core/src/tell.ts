import { isThenable } from "./thenable.ts";

/** Tells a host's listener; what it throws, at once or later, is its own affair and costs nobody an answer. */
export function tell<Told extends readonly unknown[]>(
  listener: ((...told: Told) => void) | undefined,
  ...told: Told
): void {
  try {
    const later: unknown = listener?.(...told);
    if (isThenable(later)) later.then(undefined, () => {});
  } catch {
    // Nobody waits for it.
  }
}
