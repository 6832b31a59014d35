// The way of the scenarios about authorization: a pool whose credential comes from `oauth()`, and a person who grants at
// once whatever the page asks for.
import { randomBytes } from "node:crypto";
import { createConnector } from "@tenantry/client";
import {
  originOf,
  principalOf,
  scopeOf,
  secret,
  serverId,
  systemClock,
  TenantryError,
  type Connection,
  type CredentialDependencies,
  type CredentialSource,
  type HttpEndpoint,
  type ParkedSession,
  type Target,
} from "@tenantry/core";
import { createFingerprint, fromStatic, sealWithKeys } from "@tenantry/credentials";
import { enterpriseManaged, workloadIdentity } from "@tenantry/credentials/enterprise";
import { clientCredentials, oauth, type OAuthProvider, type OAuthSource } from "@tenantry/credentials/oauth";
import { createEgress } from "@tenantry/egress";
import { createPool } from "@tenantry/pool";
import { memoryStore } from "@tenantry/store";

/** What the suite tells the client of a scenario. */
export interface AuthContext {
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly issuer?: string;
  readonly private_key_pem?: string;
  readonly idp_issuer?: string;
  readonly idp_client_id?: string;
  readonly idp_id_token?: string;
  readonly valid_jwt?: string;
}

/** Where the person is sent back to; nobody listens there, because what would arrive is read from the redirect. */
const callbackUrl = new URL("http://127.0.0.1:4711/callback");
/** What the suite knows a client by that has a metadata document. */
const clientMetadataUrl = "https://conformance-test.local/client-metadata.json";
/** The scenarios without a page for a person. */
const scenario = process.env["MCP_CONFORMANCE_SCENARIO"] ?? "";
const ofItsOwn = scenario.startsWith("auth/client-credentials");
const hasPages = !ofItsOwn && !/^auth\/(?:enterprise-managed-authorization|wif-jwt-bearer)$/u.test(scenario);
const principal = principalOf({ workspace: "conformance", user: "person" });
/** More than any scenario asks a person; a client that never stops asking fails the scenario. */
const maxGrants = 5;

/** Runs `work` on connections to one server, whose pages are granted as they come. */
export async function withAuthorization(
  endpoint: HttpEndpoint,
  given: AuthContext,
  work: (run: <T>(step: (connection: Connection) => Promise<T>) => Promise<T>) => Promise<void>,
): Promise<void> {
  // The suite's authorization servers are on loopback, where a foreign URL leads only if the host says so.
  await using egress = createEgress({ allow: ["localhost", "127.0.0.1"] });
  await using store = memoryStore();
  const connector = createConnector({
    egress,
    clientInfo: { name: "tenantry-conformance", version: "0.0.0" },
  });
  await using pool = createPool<Connection, ParkedSession>({ connector });
  const source = await sourceFor(given, endpoint.url);
  const dependencies: CredentialDependencies = {
    fetch: egress.fetch,
    clock: systemClock,
    fingerprint: createFingerprint(),
    callbackUrl,
    store,
    sealer: sealWithKeys({ current: "1", keys: { "1": randomBytes(32) } }),
  };
  const people = isAboutPeople(source) ? source.bind(dependencies) : undefined;
  const provider = people ?? source.bind(dependencies);
  const target: Target = {
    scope: scopeOf(principal, "user"),
    server: { id: serverId("server"), digest: "1", origin: originOf(endpoint.url), url: endpoint.url.href },
    upstream: { endpoint: async () => ({ endpoint, [Symbol.asyncDispose]: () => Promise.resolve() }) },
    credentials: provider,
  };
  let grants = 0;
  await work(async (step) => {
    for (;;) {
      try {
        return await pool.run(target, step, { context: {}, resend: "safe" });
      } catch (failure) {
        const page = failure instanceof TenantryError ? failure.authorizationUrl : undefined;
        if (page === undefined || people === undefined || ++grants > maxGrants) throw failure;
        await grant(page, people);
      }
    }
  });
}

/** What a browser would do with a page that grants at once. */
async function grant(page: URL, provider: OAuthProvider): Promise<void> {
  const response = await fetch(page, { redirect: "manual" });
  await response.body?.cancel();
  const callback = new URL(response.headers.get("location") ?? "");
  await provider.finishAuthorization({ callback, principal });
}

async function sourceFor(given: AuthContext, server: URL): Promise<CredentialSource | OAuthSource> {
  const { client_id: id, client_secret: text, private_key_pem: pem } = given;
  if (id === undefined) return oauth({ clientMetadataUrl, dpop: scenario.startsWith("auth/dpop") });
  // Who has registered a client knows where; the suite tells it of some scenarios only.
  const issuer = given.issuer ?? (await issuerOf(server));
  const client = {
    id,
    ...(text !== undefined && { secret: secret(text) }),
    ...(pem !== undefined && { privateKey: await privateKeyOf(pem) }),
  };
  const { idp_issuer, idp_client_id, idp_id_token, valid_jwt } = given;
  if (valid_jwt !== undefined) return workloadIdentity({ client, issuer, assertion: fromStatic(valid_jwt) });
  if (idp_issuer !== undefined && idp_client_id !== undefined && idp_id_token !== undefined) {
    const identityProvider = { issuer: idp_issuer, client: { id: idp_client_id } };
    return enterpriseManaged({ identityProvider, idToken: fromStatic(idp_id_token), client, issuer });
  }
  return ofItsOwn ? clientCredentials({ ...client, issuer }) : oauth({ client, issuer });
}

function isAboutPeople(_source: CredentialSource): _source is OAuthSource {
  return hasPages;
}

async function issuerOf(server: URL): Promise<string> {
  const place = new URL(`/.well-known/oauth-protected-resource${server.pathname}`, server);
  const document = (await (await fetch(place)).json()) as {
    readonly authorization_servers: readonly string[];
  };
  return document.authorization_servers[0] ?? "";
}

function privateKeyOf(pem: string): Promise<CryptoKey> {
  const der = Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\s/gu, ""), "base64");
  return crypto.subtle.importKey("pkcs8", der, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
}
