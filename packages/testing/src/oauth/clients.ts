import { randomBytes, randomUUID } from "node:crypto";
import type { Clock } from "@tenantry/core";
import { answer, problem } from "./answers.ts";
import { authenticationMethods, type ClientMetadata, type OAuthClient } from "./client.ts";
import { fetchClientDocument } from "./client-document.ts";
import type { AuthorizationServerOptions } from "./options.ts";

/** The clients that one authorization server knows. */
export class Clients {
  readonly #options: AuthorizationServerOptions;
  readonly #clock: Clock;
  readonly #known: Map<string, OAuthClient>;

  constructor(options: AuthorizationServerOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#known = new Map((options.clients ?? []).map((client) => [client.client_id, client]));
  }

  /** Every client: those from the start, those that registered, and those whose document was fetched. */
  get all(): readonly OAuthClient[] {
    return [...this.#known.values()];
  }

  /** A client by its id, without asking anybody. */
  known(id: string | undefined): OAuthClient | undefined {
    return id === undefined ? undefined : this.#known.get(id);
  }

  /** A client by its id; the document of one that is a URL is fetched anew, because it may have changed. */
  async find(id: string | undefined): Promise<OAuthClient | undefined> {
    const { clients = [], clientIdMetadataDocuments = true, fetch = globalThis.fetch } = this.#options;
    const known = this.known(id);
    if (id === undefined || !clientIdMetadataDocuments || !id.startsWith("https://")) return known;
    if (clients.some(({ client_id }) => client_id === id)) return known;
    const client = await fetchClientDocument(id, fetch, this.#clock);
    if (client === undefined) this.#known.delete(id);
    else this.#known.set(id, client);
    return client;
  }

  /** Registers a client (RFC 7591, section 3). */
  register(json: unknown): Response {
    if (typeof json !== "object" || json === null || Array.isArray(json))
      return problem("invalid_client_metadata", "Send the client's metadata as a JSON object.");
    const complaint = complaintAbout(json as ClientMetadata);
    if (complaint !== undefined) return complaint;
    const {
      client_id: _id,
      client_secret: _secret,
      ...metadata
    } = json as ClientMetadata & Partial<OAuthClient>;
    const method = metadata.token_endpoint_auth_method ?? "client_secret_basic";
    const secret = method.startsWith("client_secret_") ? randomBytes(24).toString("base64url") : undefined;
    const client: OAuthClient = Object.freeze({
      ...metadata,
      token_endpoint_auth_method: method,
      client_id: randomUUID(),
      ...(secret !== undefined && { client_secret: `client_secret-${secret}` }),
    });
    this.#known.set(client.client_id, client);
    const issuedAt = Math.floor(this.#clock.now() / 1000);
    const expiry = secret === undefined ? {} : { client_secret_expires_at: 0 };
    return answer({ ...client, client_id_issued_at: issuedAt, ...expiry }, 201);
  }
}

/** What stands against registering this client; the errors are those of RFC 7591, section 3.2.2. */
function complaintAbout(metadata: ClientMetadata): Response | undefined {
  const { redirect_uris: uris = [], grant_types = ["authorization_code"], jwks } = metadata;
  if (!Array.isArray(uris) || !Array.isArray(grant_types))
    return problem("invalid_client_metadata", "redirect_uris and grant_types are lists.");
  const method = metadata.token_endpoint_auth_method ?? "client_secret_basic";
  if (!authenticationMethods.includes(method))
    return problem("invalid_client_metadata", "This token_endpoint_auth_method is not supported.");
  if (method === "private_key_jwt" && jwks === undefined)
    return problem("invalid_client_metadata", "A client with private_key_jwt needs its keys in jwks.");
  if (grant_types.includes("authorization_code") && uris.length === 0)
    return problem("invalid_redirect_uri", "A client that sends people needs redirect_uris.");
  if (!uris.every(isRedirectUri))
    return problem(
      "invalid_redirect_uri",
      "A redirect URI is https, or http on loopback, or a scheme of the app's own.",
    );
  return undefined;
}

/** What RFC 8252, section 7, and OAuth 2.1 let a client be sent back to. */
function isRedirectUri(uri: unknown): boolean {
  if (typeof uri !== "string" || !URL.canParse(uri)) return false;
  const { protocol, hostname, hash } = new URL(uri);
  if (hash !== "") return false;
  if (protocol === "http:") return ["127.0.0.1", "[::1]", "localhost"].includes(hostname);
  return protocol === "https:" || /^[a-z\d+-]+(?:\.[a-z\d+-]+)+:$/u.test(protocol);
}
