import { startFakeServer } from "@tenantry/testing";
import { startAuthorizationServer, visit } from "@tenantry/testing/oauth";
import { createTenantry, oauth } from "tenantry";
import { createHandler } from "tenantry/http";

/** A workspace whose server `mail` bob has granted access to, and ada has not. */
export async function startUngranted() {
  const parts = new AsyncDisposableStack();
  const authorizationServer = parts.use(await startAuthorizationServer());
  const mail = parts.use(await startFakeServer({ authenticate: { authorizationServer } }));
  const tenantry = parts.use(
    createTenantry({
      servers: { mail: { url: mail.url, credential: oauth() } },
      publicUrl: "http://127.0.0.1:1/app",
      allow: ["127.0.0.1"],
    }),
  );
  const acme = tenantry.workspace("acme");
  const [status] = await acme.as("bob").servers();
  if (status?.status !== "needs_authorization" || !status.url) throw new Error("Bob has nothing to grant.");
  const callback = await visit(status.url, { login: "bob" });
  const identify = () => ({ workspace: "acme", user: "bob" });
  await createHandler(tenantry, { identify })(new Request(callback));
  return {
    ...{ mail, ada: acme.as("ada"), bob: acme.as("bob") },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
