import { startFakeServer, type TokenAuthentication } from "@tenantry/testing";
import { startAuthorizationServer, visit, type AuthorizationServerOptions } from "@tenantry/testing/oauth";
import { createHandler, type HandlerOptions, type Visitor } from "../src/http.ts";
import { createTenantry, oauth, type TenantryOptions } from "../src/index.ts";

/** What a world is made of. */
export interface StartOptions extends AuthorizationServerOptions {
  readonly server?: Omit<TokenAuthentication, "authorizationServer">;
  readonly instance?: Partial<TenantryOptions>;
  readonly oauth?: NonNullable<Parameters<typeof oauth>[0]>;
}

/** An issuer, a server that takes its tokens, and an instance that knows of the server only. */
export async function start({ server, instance, oauth: how = {}, ...options }: StartOptions = {}) {
  const parts = new AsyncDisposableStack();
  const issuer = parts.use(await startAuthorizationServer(options));
  const mail = parts.use(await startFakeServer({ authenticate: { ...server, authorizationServer: issuer } }));
  const tenantry = parts.use(
    createTenantry({
      servers: { mail: { url: mail.url.href, credential: oauth(how) } },
      publicUrl: "http://127.0.0.1:1/app",
      allow: ["127.0.0.1"],
      ...instance,
    }),
  );
  const acme = tenantry.workspace("acme");
  const urlOf = async (user: string): Promise<URL> => {
    const [status] = await acme.as(user).servers();
    if (status?.status === "needs_authorization" && status.url !== undefined) return status.url;
    throw new Error(`There is no page for ${user}: ${status?.status ?? "no server"}.`);
  };
  const comeBack = async (
    visitor: Visitor | null | undefined,
    callback: URL,
    more: Partial<HandlerOptions> = {},
  ) => createHandler(tenantry, { identify: () => visitor, ...more })(new Request(callback));
  const connect = async (user: string) => {
    const callback = await visit(await urlOf(user), { login: `${user}-at-mail` });
    return comeBack({ workspace: "acme", user }, callback);
  };
  const refreshes = () => issuer.requests.filter(({ grantType }) => grantType === "refresh_token");
  return {
    ...{ issuer, mail, tenantry, acme, urlOf, comeBack, connect, refreshes },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** How many authorizations the issuer still takes. */
export const liveGrants = ({ issuer }: Pick<Awaited<ReturnType<typeof start>>, "issuer">) =>
  issuer.issued.filter(({ kind, revoked }) => kind === "refresh_token" && !revoked).length;

/** A tool that says whose token it was called with. */
export const whoami = { server: "mail", tool: "whoami" } as const;
/** The error with which a promise rejects. */
export const failureOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
