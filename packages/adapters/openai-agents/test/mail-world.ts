import type { RunContext } from "@openai/agents";
import { startFakeServer } from "@tenantry/testing";
import { startAuthorizationServer, visit } from "@tenantry/testing/oauth";
import { createTenantry, oauth } from "tenantry";
import { createHandler } from "tenantry/http";
import type { User } from "./notebook-world.ts";

/** A server that people grant access to. Ada has, and the tools are listed as she sees them. */
export async function startMail() {
  const parts = new AsyncDisposableStack();
  const issuer = parts.use(await startAuthorizationServer());
  const mail = parts.use(await startFakeServer({ authenticate: { authorizationServer: issuer } }));
  const servers = { mail: { url: mail.url, credential: oauth() } };
  const tenantry = parts.use(
    createTenantry({ servers, publicUrl: "http://127.0.0.1:1/app", allow: ["127.0.0.1"] }),
  );
  const acme = tenantry.workspace("acme");
  /** A user goes to a page and grants access there. */
  const grant = async (user: string, url: string) => {
    const callback = await visit(new URL(url), { login: `${user}-at-mail` });
    const handler = createHandler(tenantry, { identify: () => ({ workspace: "acme", user }) });
    return handler(new Request(callback));
  };
  const [ada] = await acme.as("ada").servers();
  if (ada?.status === "needs_authorization") await grant("ada", ada.url?.href ?? "");
  const clientOf = ({ context }: RunContext<User>) => acme.as(context.user);
  return {
    ...{ mail, grant },
    shared: { catalog: acme.as("ada"), clientOf },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
