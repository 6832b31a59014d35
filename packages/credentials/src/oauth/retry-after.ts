const longestMs = 3_600_000;

/**
 * Reads how long a server asks to be left alone (RFC 9110, section 10.2.3), in seconds or as a date, as milliseconds from
 * `now`, an hour at most; nothing where it does not say.
 */
export function retryAfterOf({ headers }: Response, now: number): { readonly retryAfterMs?: number } {
  const text = headers.get("retry-after")?.trim() ?? "";
  const ms = /^\d{1,10}$/u.test(text) ? Number(text) * 1_000 : dateOf(text) - now;
  return Number.isNaN(ms) ? {} : { retryAfterMs: Math.min(Math.max(ms, 0), longestMs) };
}

/** Only a spelled-out date: `Date.parse` would also read `-5` or `1.5` as one. */
function dateOf(text: string): number {
  return /^[A-Z][a-z]{2,8},? /u.test(text) ? Date.parse(text) : Number.NaN;
}
