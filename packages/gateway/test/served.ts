import { startFetchServer } from "@tenantry/testing";
import { onTestFinished } from "vitest";
import { createGateway, type Caller, type Gateway, type GatewayOptions } from "../src/index.ts";

/** A gateway behind a real HTTP server. */
export interface Served {
  readonly url: URL;
  readonly gateway: Gateway;
}

/** Serves a gateway on loopback until the test is over; who comes is who the token says: `workspace/user`. */
export async function served(
  options: Partial<GatewayOptions> & Pick<GatewayOptions, "connect">,
): Promise<Served> {
  const gateway = createGateway({ hosts: ["127.0.0.1"], authenticate: callerOf, ...options });
  const server = await startFetchServer((request) => gateway.handle(request));
  onTestFinished(async () => {
    await gateway.close();
    await server.close();
  });
  return { url: new URL("/mcp", server.url), gateway };
}

/** Reads a token as a test writes it. */
export function callerOf({ headers }: Request): Caller | undefined {
  const [, workspace, user] = /^Bearer (\w+)\/(\w+)$/u.exec(headers.get("authorization") ?? "") ?? [];
  return workspace === undefined || user === undefined ? undefined : { workspace, user };
}
