import { randomBytes } from "node:crypto";
import {
  originOf,
  principalOf,
  scopeOf,
  serverId,
  TenantryError,
  type Challenge,
  type CredentialDependencies,
  type CredentialRequest,
  type Fetch,
  type Principal,
  type ServerRef,
} from "@tenantry/core";
import { createEgress } from "@tenantry/egress";
import { manualClock, startFakeServer, type TokenAuthentication } from "@tenantry/testing";
import { startAuthorizationServer, type AuthorizationServerOptions } from "@tenantry/testing/oauth";
import { oauth, type OAuthOptions, type OAuthProvider } from "../src/oauth.ts";
import { createFingerprint } from "../src/fingerprint.ts";
import { sealWithKeys } from "../src/sealing/seal-with-keys.ts";
import { memoryStore } from "./memory-store.ts";

export const ada = principalOf({ workspace: "acme", user: "ada" });
export const bob = principalOf({ workspace: "acme", user: "bob" });
export const callbackUrl = new URL("http://127.0.0.1:4711/callback");

/** What a world is made of. */
export interface WorldOptions {
  readonly issuer?: Omit<AuthorizationServerOptions, "clock">;
  readonly server?: Omit<TokenAuthentication, "authorizationServer">;
  readonly oauth?: OAuthOptions;
}

/** A protected MCP server, its authorization server and a provider, all real and on loopback, on a clock of their own. */
export async function startWorld(options: WorldOptions = {}) {
  const clock = manualClock();
  const issuer = await startAuthorizationServer({ ...options.issuer, clock });
  const server = await startFakeServer({
    era: "modern",
    clock,
    authenticate: { ...options.server, authorizationServer: issuer },
  });
  const egress = createEgress({ allow: ["127.0.0.1"] });
  const store = memoryStore(clock);
  const sent: { url: string; headers: Readonly<Record<string, string>>; body: string }[] = [];
  const fetch: Fetch = async (input, init) => {
    const body = typeof init?.body === "string" ? init.body : "";
    sent.push({ url: String(input), headers: Object.fromEntries(new Headers(init?.headers)), body });
    return egress.fetch(input, init);
  };
  const checkUrl = (url: URL) => void egress.target({ url, provenance: "foreign" });
  const dependencies = { ...dependenciesOf({ fetch, clock, store }), checkUrl };
  const provider = oauth(options.oauth).bind(dependencies);
  return {
    clock,
    issuer,
    server,
    store,
    /** Everything that the provider has sent. */
    sent,
    dependencies,
    provider,
    ref: refOf(server.url),
    async [Symbol.asyncDispose]() {
      await provider.close();
      await egress.close();
      await server.close();
      await issuer.close();
    },
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;

/** What a source is bound to, with a key for the store that no other call draws. */
export function dependenciesOf(
  parts: Pick<CredentialDependencies, "fetch" | "clock" | "store">,
): CredentialDependencies {
  const key = randomBytes(32);
  return {
    ...parts,
    callbackUrl,
    fingerprint: createFingerprint(),
    sealer: sealWithKeys({ current: "k1", keys: { k1: key } }),
  };
}

export function refOf(url: URL, id = "server"): ServerRef {
  return Object.freeze({ id: serverId(id), digest: "1", origin: originOf(url), url: url.href });
}

export function requestOf(
  world: Pick<World, "ref">,
  principal: Principal = ada,
  rejected?: CredentialRequest["rejected"],
): CredentialRequest {
  return { scope: scopeOf(principal, "user"), server: world.ref, context: {}, ...(rejected && { rejected }) };
}

/** Sends one request to the server, and gives its challenge where it refuses. */
export async function call(
  world: Pick<World, "server">,
  headers: Readonly<Record<string, string>>,
  tool = "whoami",
): Promise<{ readonly status: number; readonly challenge?: Challenge }> {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const response = await fetch(world.server.url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": tool,
      ...headers,
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: tool, arguments: {}, _meta },
    }),
  });
  await response.text();
  const text = response.headers.get("www-authenticate");
  if (text === null) return { status: response.status };
  const parameters = Object.fromEntries(
    [...text.matchAll(/(\w+)="([^"]*)"/gu)].map(([, name = "", value = ""]) => [name, value]),
  );
  return { status: response.status, challenge: { scheme: text.split(" ")[0] ?? "", parameters } };
}

/** The headers that the provider gives for a request of this principal. */
export async function headersFor(
  world: Pick<World, "provider" | "ref" | "server">,
  principal: Principal = ada,
): Promise<Readonly<Record<string, string>>> {
  const credential = await world.provider.resolve(requestOf(world, principal));
  const headers = (await credential?.headers?.({ method: "POST", url: world.server.url })) ?? {};
  return Object.fromEntries(Object.entries(headers).map(([name, { value }]) => [name, value.reveal()]));
}

/** The error with which a promise rejects. */
export async function failure(promise: unknown): Promise<TenantryError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof TenantryError) return error;
    throw error;
  }
  throw new Error("It did not fail.");
}

/** The error with which a call ends that the server has refused. */
export async function refusal(world: World, principal: Principal = ada): Promise<TenantryError> {
  const { challenge } = await call(world, {});
  const rejected = challenge === undefined ? {} : { challenge };
  return failure(world.provider.resolve(requestOf(world, principal, rejected)));
}

/** What a refused call leads to: the page on which this principal grants access. */
export async function pageFor(world: World, principal: Principal = ada): Promise<URL> {
  const { authorizationUrl, message } = await refusal(world, principal);
  if (authorizationUrl === undefined) throw new Error(`There is no page: ${message}`);
  return authorizationUrl;
}

/** What a browser does with a page that grants at once; gives where the person is sent back to. */
export async function visit(page: URL, login?: string): Promise<URL> {
  const url = new URL(page);
  if (login !== undefined) url.searchParams.set("login", login);
  const response = await fetch(url, { redirect: "manual" });
  await response.text();
  return new URL(response.headers.get("location") ?? "about:blank");
}

/** Grants access as one principal, from the first refusal to the end. */
export async function grant(world: World, principal: Principal = ada): Promise<void> {
  const callback = await visit(await pageFor(world, principal), principal.user);
  await world.provider.finishAuthorization({ callback, principal });
}

/** The token requests of one kind. */
export function tokenRequests({ issuer }: Pick<World, "issuer">, grantType: string): number {
  return issuer.requests.filter((request) => request.grantType === grantType).length;
}

/** Puts another provider in the place of a world's own: another process on the same store. */
export function secondProcess(world: World, options: OAuthOptions = {}): OAuthProvider {
  return oauth(options).bind(world.dependencies);
}
