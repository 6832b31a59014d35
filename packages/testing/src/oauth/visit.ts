import { TenantryError, type AbortableOptions } from "@tenantry/core";

/** How an authorization URL is visited. */
export interface VisitOptions extends AbortableOptions {
  /** The person who authorises; defaults to whom the server's `authorize` names. */
  readonly login?: string;
}

/**
 * Visits an authorization URL in the place of a person with a browser, and gives the URL that the person is sent back
 * to, without going there. Rejects with `SERVER_ERROR` where nobody is sent back.
 */
export async function visit(authorizationUrl: URL, options: VisitOptions = {}): Promise<URL> {
  const url = new URL(authorizationUrl);
  if (options.login !== undefined) url.searchParams.set("login", options.login);
  const { signal = null } = options;
  const response = await fetch(url, { redirect: "manual", signal });
  await response.body?.cancel();
  const location = response.headers.get("location");
  if (location !== null) return new URL(location, url);
  throw new TenantryError(
    "SERVER_ERROR",
    `The authorization endpoint answered ${response.status} and sent nobody back; see what it was asked in \`requests\`.`,
    { status: response.status, delivery: "answered" },
  );
}
