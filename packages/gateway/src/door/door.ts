import { TenantryError } from "@tenantry/core";

/** Whose requests are let in, before anybody is asked who they are. */
export interface DoorOptions {
  /** Host names, each with or without a port; without one, every port of it is meant. */
  readonly hosts: readonly string[];
  /** Origins of pages that may use the gateway from a browser. */
  readonly origins: readonly string[];
  readonly maxHeaderCharacters: number;
}

/** Why a request is not let in. */
export interface Refusal {
  readonly status: 403 | 431;
  readonly reason: "host" | "origin" | "headers";
}

/** Lets in what was sent to this very server, and by no page but the ones that are named (DNS rebinding). */
export class Door {
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  readonly #maxHeaderCharacters: number;

  constructor({ hosts, origins, maxHeaderCharacters }: DoorOptions) {
    this.#hosts = new Set(hosts.map(checkHost));
    this.#origins = new Set(origins.map(checkOrigin));
    this.#maxHeaderCharacters = maxHeaderCharacters;
  }

  /** Why a request is refused; `undefined` where it is let in. */
  refusal({ url, headers }: Request): Refusal | undefined {
    const host = headers.get("host") ?? new URL(url).host;
    if (!this.#isOwn(host.toLowerCase())) return { status: 403, reason: "host" };
    const origin = headers.get("origin");
    // What came twice is joined by a comma here, and so is no origin of the list.
    if (origin !== null && !this.#origins.has(origin)) return { status: 403, reason: "origin" };
    let characters = 0;
    headers.forEach((value, name) => (characters += name.length + value.length));
    return characters > this.#maxHeaderCharacters ? { status: 431, reason: "headers" } : undefined;
  }

  #isOwn(host: string): boolean {
    return this.#hosts.has(host) || this.#hosts.has(host.replace(/:\d+$/u, ""));
  }
}

/** What a page of a listed origin may read of an answer. */
export function exposed(origin: string): Readonly<Record<string, string>> {
  return {
    "access-control-allow-origin": origin,
    "access-control-expose-headers": "mcp-session-id, www-authenticate",
    vary: "origin",
  };
}

/** The answer to a browser that asks beforehand what it may send (Fetch, CORS preflight). */
export function preflight(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-methods": "POST, GET, DELETE",
      "access-control-allow-headers":
        "authorization, content-type, accept, last-event-id, mcp-session-id, mcp-protocol-version, mcp-method, mcp-name",
      "access-control-max-age": "600",
    },
  });
}

function checkHost(host: unknown): string {
  const isName = typeof host === "string" && /^(?:[\w.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/iu.test(host);
  if (isName) return host.toLowerCase();
  const why = "hosts: give names of hosts with or without a port, such as mcp.example.com.";
  throw new TenantryError("CONFIG_INVALID", why);
}

function checkOrigin(origin: unknown): string {
  const parsed = typeof origin === "string" ? URL.parse(origin) : null;
  if (parsed !== null && parsed.origin !== "null" && parsed.origin === origin) return origin;
  const why = "origins: give origins of pages as browsers spell them, such as https://app.example.com.";
  throw new TenantryError("CONFIG_INVALID", why);
}
