import type { IsolationSubject } from "@tenantry/testing/isolation";
import { onTenantry, server, type App } from "./on-tenantry.ts";

type Client = ReturnType<App["as"]>;

/** What both lines of the official SDK have in common. */
interface SdkClient {
  listTools(): Promise<{ readonly tools: readonly object[] }>;
  close(): Promise<void>;
}

/** An official client for each user, kept by the host, all over the one instance. */
export function sdkClients<Sdk extends SdkClient>(
  name: string,
  connect: (client: Client, options: { readonly server: string }) => Promise<Sdk>,
  call: (client: Sdk, tool: string, args: object, signal: AbortSignal) => Promise<unknown>,
): IsolationSubject {
  return onTenantry(name, ({ as }) => {
    const clients = new Map<string, Promise<Sdk>>();
    const clientOf = (user: string) => {
      const client = clients.get(user) ?? connect(as(user), { server });
      clients.set(user, client);
      return client;
    };
    return {
      listTools: async (user) => (await (await clientOf(user)).listTools()).tools,
      callTool: async (user, tool, args, { signal }) => call(await clientOf(user), tool, args, signal),
      close: async () => {
        for (const client of clients.values()) await (await client).close();
      },
    };
  });
}
