import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ServerDefinition } from "@tenantry/core";
import { expect, it } from "vitest";
import { createTenantry, oauth } from "./index.ts";

/** A server on this machine that is its own issuer, as one in development is; `registration` is where it registers clients. */
async function startOwnIssuer(registration?: string) {
  const asked: string[] = [];
  const listener = createServer((request, response) => {
    const base = `http://${request.headers.host}`;
    asked.push(request.url ?? "");
    const documents: Readonly<Record<string, object>> = {
      "/.well-known/oauth-protected-resource": { resource: base, authorization_servers: [base] },
      "/.well-known/oauth-authorization-server": {
        issuer: base,
        authorization_endpoint: `${base}/authorize`,
        token_endpoint: `${base}/token`,
        registration_endpoint: registration ?? `${base}/register`,
        code_challenge_methods_supported: ["S256"],
      },
      "/register": { client_id: "registered" },
    };
    const document = documents[request.url ?? ""];
    response.setHeader("content-type", "application/json");
    if (request.url === "/mcp") response.statusCode = 401;
    else if (document === undefined) response.statusCode = 404;
    if (request.url === "/mcp") response.setHeader("www-authenticate", "Bearer");
    response.end(JSON.stringify(document ?? {}));
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  return {
    asked,
    origin: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      listener.closeAllConnections();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

async function statusOf(definition: ServerDefinition) {
  await using tenantry = createTenantry({
    servers: { dev: { ...definition, credential: oauth() } as ServerDefinition },
    publicUrl: "http://127.0.0.1:1/app",
  });
  const [status] = await tenantry.workspace("acme").as("ada").servers();
  return status;
}

it("lets a server of the host's own code be its own issuer, wherever it is", async () => {
  await using dev = await startOwnIssuer();
  const status = await statusOf({ url: `${dev.origin}/mcp` });
  if (status?.status !== "needs_authorization") throw new Error(JSON.stringify(status));
  expect(status.url?.origin).toBe(dev.origin);
  expect(dev.asked).toContain("/register");
});

it("trusts what such a server names at its own origin only", async () => {
  await using other = await startOwnIssuer();
  await using dev = await startOwnIssuer(`${other.origin}/register`);
  expect(await statusOf({ url: `${dev.origin}/mcp` })).toMatchObject({ error: { code: "ADDRESS_REFUSED" } });
  expect(other.asked).toEqual([]);
});

it("trusts nothing that a definition names which somebody else wrote", async () => {
  await using dev = await startOwnIssuer();
  const status = await statusOf({ url: `${dev.origin}/mcp`, provenance: "foreign" });
  expect(status).toMatchObject({ error: { code: "ADDRESS_REFUSED" } });
  expect(dev.asked).toEqual([]);
});
