import type { Handler } from "tenantry/http";

/**
 * A route handler of Next takes the platform's requests: `app/tenantry/[...path]/route.ts` exports what this gives, as
 * `export const { GET } = mountOnNext(handler)`.
 */
export function mountOnNext(handler: Handler) {
  return { GET: (request: Request) => handler(request) };
}
