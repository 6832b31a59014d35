import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { startFakeServer } from "@tenantry/testing";
import { startAuthorizationServer, visit } from "@tenantry/testing/oauth";
import { createTenantry, oauth } from "tenantry";
import { createHandler, type Handler } from "tenantry/http";
import { check, heading } from "./check.ts";
import { mountOnExpress } from "./express.ts";
import { mountOnFastify } from "./fastify.ts";
import { mountOnHono } from "./hono.ts";
import { mountOnNext } from "./next.ts";

const issuer = await startAuthorizationServer();
const mail = await startFakeServer({ authenticate: { authorizationServer: issuer } });

const listen = (fetch: (request: Request) => Response | Promise<Response>): RequestListener =>
  getRequestListener(fetch, { overrideGlobalObjects: false });

const frameworks: Readonly<Record<string, (handler: Handler) => Promise<RequestListener>>> = {
  Express: async (handler) => mountOnExpress(handler),
  Fastify: async (handler) => {
    const app = mountOnFastify(handler);
    await app.ready();
    return app.routing;
  },
  Hono: async (handler) => listen(mountOnHono(handler).fetch),
  "A route handler of Next, called as Next calls it": async (handler) => listen(mountOnNext(handler).GET),
};

for (const [name, mount] of Object.entries(frameworks)) {
  heading(name);
  let respond: RequestListener = (_, response) => response.writeHead(503).end();
  const server = createServer((request, response) => respond(request, response));
  const publicUrl = new URL("/tenantry", await listening(server));
  await using tenantry = createTenantry({
    servers: { mail: { url: mail.url.href, credential: oauth() } },
    publicUrl,
    allow: ["127.0.0.1"],
  });
  respond = await mount(createHandler(tenantry, { identify: visitorOf }));
  const ada = tenantry.workspace("acme").as("ada");
  const [status] = await ada.servers();
  if (status?.status !== "needs_authorization" || status.url === undefined)
    throw new Error("No page to go to.");
  const callback = await visit(status.url, { login: "ada@mail.example" });
  check("a browser that nobody has signed in at", await statusAt(callback), 401);
  check("another person's browser", await statusAt(callback, "bob"), 400);
  check("a HEAD request, as of a link preview", await statusAt(callback, "ada", "HEAD"), 405);
  check("ada's own", await statusAt(callback, "ada"), 200);
  check("and once more", await statusAt(callback, "ada"), 400);
  check("another path", await statusAt(new URL(`${publicUrl.href}/nothing`), "ada"), 404);
  const { structuredContent } = await ada.callTool("mail__whoami");
  check("the server saw", (structuredContent as { user?: unknown }).user, "ada@mail.example");
  await new Promise((resolve) => server.close(resolve).closeAllConnections());
}
await Promise.all([mail, issuer].map((one) => one[Symbol.asyncDispose]()));

/** The application's own session, which is no more here than a cookie with a name. */
function visitorOf(request: Request) {
  const user = /session=(\w+)/u.exec(request.headers.get("cookie") ?? "")?.[1];
  return user === undefined ? undefined : { workspace: "acme", user };
}

async function statusAt(url: URL, user?: string, method = "GET"): Promise<number> {
  const headers = user === undefined ? {} : { cookie: `session=${user}` };
  const response = await fetch(url, { method, headers });
  await response.body?.cancel();
  return response.status;
}

async function listening(server: Server): Promise<URL> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}
