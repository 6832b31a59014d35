import type { RunContext } from "@openai/agents";
import { startNotebook } from "@tenantry/testing";
import { bearer, createTenantry, fromContext, fromStatic } from "tenantry";

/** A notebook server, a workspace that has it, and both forms of a source. */
export async function startWorld() {
  const parts = new AsyncDisposableStack();
  const server = parts.use(await startNotebook({ users: ["ada", "bob", "nobody"] }));
  const credential = bearer(fromContext("token"));
  const discovery = bearer(fromStatic("token-of-nobody"));
  const tenantry = parts.use(
    createTenantry({ servers: { notes: { url: server.url, credential, discovery } } }),
  );
  const acme = tenantry.workspace("acme");
  const as = (user: string) => acme.as(user, { token: `token-of-${user}` });
  const clientOf = ({ context }: RunContext<User>) => as(context.user);
  return {
    ...{ server, acme, as, credential, discovery },
    shared: { catalog: acme.discovery(), clientOf },
    /** What one user has written. */
    notesOf: async (user: string) => JSON.stringify((await as(user).callTool("notes__read")).content),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** The host's own context of a run. */
export interface User {
  readonly user: string;
}
