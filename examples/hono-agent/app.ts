import type { Agent } from "@mastra/core/agent";
import { toolset } from "@tenantry/mastra";
import { Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { HTTPException } from "hono/http-exception";
import { validator } from "hono/validator";
import type { Tenantry } from "tenantry";
import { createHandler } from "tenantry/http";
import { userOf, type User } from "./users.ts";

/** The application: one agent for everybody, and tools for each request. */
export function createApp(tenantry: Tenantry, agent: Agent): Hono {
  const clientOf = ({ id, notesToken }: User) => tenantry.workspace("acme").as(id, { notesToken });
  const app = new Hono();

  app.post("/chat", signedIn, question, async (c) => {
    const { tools, unavailable } = await toolset(clientOf(c.get("user")));
    const { text } = await agent.generate(c.req.valid("json").message, {
      toolsets: { tenantry: tools },
      abortSignal: c.req.raw.signal,
    });
    const ungranted = unavailable.filter(({ error }) => error.code === "AUTHORIZATION_REQUIRED");
    return c.json({ text, connect: ungranted.map(({ server }) => `/connect/${server}`) });
  });

  // A link that lasts: where the user is sent to is made when it is followed, and is good once.
  app.get("/connect/:server", signedIn, async (c) => {
    const servers = await clientOf(c.get("user")).servers();
    const status = servers.find(({ server }) => server === c.req.param("server"));
    if (status?.status !== "needs_authorization" || status.url === undefined) return c.notFound();
    return c.redirect(status.url.href);
  });

  const handler = createHandler(tenantry, {
    identify(request) {
      const user = userOf(request);
      return user && { workspace: "acme", user: user.id };
    },
  });
  app.get("/tenantry/*", (c) => handler(c.req.raw));
  return app;
}

/** Puts the user into the request's own context, `c.get("user")`. */
const signedIn = createMiddleware<{ Variables: { user: User } }>(async (c, next) => {
  const user = userOf(c.req.raw);
  if (user === undefined) throw new HTTPException(401, { message: "Sign in first." });
  c.set("user", user);
  await next();
});

const question = validator("json", (body) => {
  const message = (body as { message?: unknown } | null)?.message;
  if (typeof message !== "string") throw new HTTPException(400, { message: "Send { message }." });
  return { message };
});
