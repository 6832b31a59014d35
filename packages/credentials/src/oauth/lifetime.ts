/** When a token is renewed that cannot be refreshed beside a call: a little before its end, so that none ends on its way. */
export function earlyEnd(lifetimeMs: number): number {
  return lifetimeMs - Math.min(30_000, lifetimeMs / 10);
}
