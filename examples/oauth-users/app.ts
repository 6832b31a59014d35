import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { ServerStatus, Tenantry } from "tenantry";
import { createHandler } from "tenantry/http";

/** A web application in which people sign in, with one page that shows each their servers. */
export interface App {
  readonly url: URL;
  /** What it does for its users with; it is given once the address is known. */
  use(tenantry: Tenantry): void;
  close(): Promise<void>;
}

type Respond = (request: Request) => Response | Promise<Response>;

/** Starts the application on loopback. */
export async function startApp(): Promise<App> {
  let respond: Respond = () => new Response("Starting.", { status: 503 });
  const listener = getRequestListener((request) => respond(request), { overrideGlobalObjects: false });
  const server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
    use: (tenantry) => (respond = application(tenantry)),
    close: () => closed(server),
  };
}

function application(tenantry: Tenantry): Respond {
  const sessions = new Map<string, string>();
  const userOf = (request: Request) =>
    sessions.get(/session=([\w-]+)/u.exec(request.headers.get("cookie") ?? "")?.[1] ?? "");
  // A callback is finished for whoever this browser's session belongs to, and for nobody else.
  const handler = createHandler(tenantry, {
    identify(request) {
      const user = userOf(request);
      return user === undefined ? undefined : { workspace: "acme", user };
    },
  });
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/tenantry/")) return handler(request);
    if (pathname.startsWith("/sign-in/")) return signIn(sessions, pathname.slice("/sign-in/".length));
    const user = userOf(request);
    if (user === undefined) return new Response("Sign in first.", { status: 401 });
    return page(await tenantry.workspace("acme").as(user).servers());
  };
}

/** Anybody may be anybody here: how people prove who they are is the application's own matter. */
function signIn(sessions: Map<string, string>, user: string): Response {
  const session = randomUUID();
  sessions.set(session, user);
  const cookie = `session=${session}; Path=/; HttpOnly; SameSite=Lax`;
  return new Response(null, { status: 303, headers: { location: "/", "set-cookie": cookie } });
}

function page(servers: readonly ServerStatus[]): Response {
  const items = servers.map((one) =>
    one.status === "needs_authorization" && one.url !== undefined
      ? `<li>${one.server}: <a href="${one.url.href.replaceAll("&", "&amp;")}">connect</a></li>`
      : `<li>${one.server}: ${one.status}</li>`,
  );
  const html = `<!doctype html><title>Your servers</title><ul>${items.join("")}</ul>`;
  return new Response(html, { headers: { "content-type": "text/html; charset=utf-8" } });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
