import { TenantryError } from "@tenantry/core";
import type { Tenantry } from "../tenantry.ts";
import { gatewayTo, type GatewayRouteOptions } from "./gateway-route.ts";
import { finishCallback, type AuthorizationOutcome } from "./callback.ts";
import { answer } from "./page.ts";
import type { Identify } from "./visitor.ts";

/** How the handler is joined to the host. */
export interface HandlerOptions {
  /**
   * Tells whose browser sends a request, by the host's own session. An authorization is finished only by whoever began it:
   * never answer with what the request itself claims. Without it nobody's authorization is finished.
   */
  readonly identify?: Identify | undefined;
  /** Serves MCP clients at `mcp`; absent: nobody is served there. */
  readonly gateway?: GatewayRouteOptions | undefined;
  /**
   * Answers a browser that comes back: with a response of the host's own, or with a URL that it is sent on to. Defaults to
   * a page that says how it went.
   */
  readonly onAuthorization?:
    | ((outcome: AuthorizationOutcome, request: Request) => Response | URL | Promise<Response | URL>)
    | undefined;
}

/** Answers what browsers and MCP clients send to `publicUrl`; it rejects only where a function of the host does. */
export type Handler = (request: Request) => Promise<Response>;

/**
 * Makes the handler that is mounted at `publicUrl`, in whatever framework: `GET oauth/callback`, and what is beneath it,
 * finishes an authorization, `GET health` says that the instance is there, and `mcp` serves a user's view of a workspace to
 * any MCP client. It looks at the end of the path only, so that it may be mounted with or without its prefix. Throws
 * `CONFIG_INVALID` with neither `identify` nor `gateway`: nothing is served to nobody.
 */
export function createHandler(tenantry: Tenantry, options: HandlerOptions): Handler {
  const { identify, onAuthorization } = options;
  if (typeof identify !== "function" && (identify !== undefined || options.gateway === undefined)) {
    const why = "createHandler() needs `identify`, which tells whose browser sends a request; give it.";
    throw new TenantryError("CONFIG_INVALID", why);
  }
  const gateway = options.gateway && gatewayTo(tenantry, options.gateway);
  return async (request) => {
    const { pathname } = new URL(request.url);
    const route = routeOf(pathname);
    if (route === "mcp" && gateway !== undefined) return gateway.handle(request);
    if (route === undefined || route === "mcp") return answer(404, "There is nothing here.");
    if (request.method !== "GET") return answer(405, "This address is for GET only.", { allow: "GET" });
    if (route === "health") return health(tenantry);
    const visitor = await identify?.(request);
    if (visitor === undefined || visitor === null)
      return answer(401, "Sign in to the application first, and begin again.");
    const outcome = await finishCallback(tenantry, visitor, request);
    const answered = await onAuthorization?.(outcome, request);
    if (answered instanceof URL) return answer(303, "Going on.", { location: answered.href });
    return answered ?? outcomePage(outcome, request);
  };
}

/** Each issuer sends people back to an address of its own beneath `oauth/callback`. */
function routeOf(pathname: string): "callback" | "health" | "mcp" | undefined {
  if (/\/oauth\/callback(?:\/[\w-]{22})?$/u.test(pathname)) return "callback";
  if (pathname.endsWith("/mcp")) return "mcp";
  return pathname.endsWith("/health") ? "health" : undefined;
}

function health(tenantry: Tenantry): Response {
  return tenantry.isClosed ? answer(503, "Closed.") : answer(200, "OK.");
}

function outcomePage(outcome: AuthorizationOutcome, { url }: Request): Response {
  if (outcome.status === "connected")
    return answer(200, `${outcome.server} is connected. You can close this page.`);
  const { code, retryable } = outcome.error;
  // Whoever waits for the page is told no more than what to do next; the host has the error.
  if (code === "ARGUMENT_INVALID")
    return answer(400, "This authorization is over. Begin again from the application.");
  if (code === "PRINCIPAL_INVALID" || code === "WORKSPACE_UNKNOWN")
    return answer(400, "The application does not say whose browser this is. Sign in again.");
  if (retryable) return answer(503, "This cannot be finished now. Load this page again in a minute.");
  // RFC 6749, section 4.1.2.1; the error says that the flow was this person's.
  const isDenied = code === "CREDENTIAL_FAILED" && new URL(url).searchParams.get("error") === "access_denied";
  return isDenied
    ? answer(403, "You did not grant access, and nothing was connected. You can close this page.")
    : answer(502, "Access was not granted. Begin again from the application.");
}
