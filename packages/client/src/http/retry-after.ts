/**
 * Reads a `Retry-After` header (RFC 9110, section 10.2.3), seconds or a date, as milliseconds from `now`, at most
 * `maxMs`; `undefined` where it is absent or says neither.
 */
export function parseRetryAfter(header: string | undefined, now: number, maxMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const afterMs = /^\d{1,15}$/u.test(text) ? Number(text) * 1_000 : dateOf(text) - now;
  return Number.isNaN(afterMs) ? undefined : Math.min(Math.max(afterMs, 0), maxMs);
}

/** Only a spelled-out date: `Date.parse` would also read `-5` or `1.5` as one. */
function dateOf(text: string): number {
  return /^[A-Z][a-z]{2,8},? /u.test(text) ? Date.parse(text) : Number.NaN;
}
