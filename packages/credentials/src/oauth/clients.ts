import { secret, TenantryError, type AbortableOptions, type ClientKey, type Version } from "@tenantry/core";
import { z } from "zod";
import { ifConflict } from "../conflicts.ts";
import type { OAuthClient } from "./client.ts";
import { FlightCache } from "./flight-cache.ts";
import type { Issuer } from "./issuer.ts";
import type { OAuthParts } from "./parts.ts";
import { issuerCallbackUrl } from "./return-address.ts";
import { registerClient, type Registration } from "./registration.ts";
import { sealedFor } from "../sealing/sealed-row.ts";
import { openJson, sealJson } from "./sealed-json.ts";

const kind = "client";
const rowSchema = z.object({ sealed: z.string() });
const registrationSchema = z.object({
  id: z.string(),
  secret: z.string().optional(),
  authMethod: z.enum(["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]),
  expiresAt: z.number().optional(),
});

/** Where an issuer sends people back to. */
export interface ReturnAddress {
  readonly redirectUrl: URL;
  /** Whether an answer there has to say whose it is, because those of other issuers may come there too. */
  readonly mustNameIssuer: boolean;
}

interface StoredClient {
  readonly client: OAuthClient;
  readonly version: Version;
}

/**
 * Whom the issuers know this host as: a client that was registered by hand, else a metadata document, else one that is
 * registered on the way and kept in the store (MCP client registration). One that was registered at an issuer is used at
 * that issuer only (SEP-2352).
 */
export class Clients {
  readonly #parts: OAuthParts;
  readonly #registrations: FlightCache<OAuthClient>;

  constructor(parts: OAuthParts) {
    this.#parts = parts;
    const { maxServersKnown: max, failureTtlMs: failureMs } = parts.options.limits;
    // The store keeps the client. Whoever stops waiting does not make the issuer register another one.
    this.#registrations = new FlightCache(parts.clock, { max, ttlMs: 0, failureMs, goesOn: true });
  }

  /** Whether there is a client at this issuer already. */
  async isKnown(issuer: string): Promise<boolean> {
    return this.#parts.options.client !== undefined || (await this.#stored(issuer)) !== undefined;
  }

  /**
   * Gives the client for an issuer, and registers one where there is none. Rejects with `CONFIG_INVALID` where that issuer
   * registers nobody, and says what to configure.
   */
  async at(issuer: Issuer, { signal }: AbortableOptions): Promise<OAuthClient> {
    const fixed = this.#fixed(issuer);
    if (fixed !== undefined) return fixed;
    const stored = await this.#stored(issuer.identifier);
    if (stored !== undefined) return stored.client;
    return this.#registrations.get(issuer.identifier, (ends) => this.#register(issuer, ends), { signal });
  }

  /** Where this issuer sends people back to, and whether its answers have to say whose they are. */
  async addressAt(issuer: Issuer): Promise<ReturnAddress> {
    const { callbackUrl, options } = this.#parts;
    const { namesItself } = issuer;
    const isFixed = this.#fixed(issuer) !== undefined;
    if (isFixed && options.redirectUrl !== undefined)
      return { redirectUrl: options.redirectUrl, mustNameIssuer: true };
    // A client's document lists the same addresses for all issuers; those that say who they are need none of their own.
    const isShared = isFixed && options.client === undefined && namesItself;
    const redirectUrl = isShared ? callbackUrl : await issuerCallbackUrl(callbackUrl, issuer.identifier);
    return { redirectUrl, mustNameIssuer: namesItself };
  }

  /** Gives the client of this id at an issuer; `undefined` where it is no longer this host's. */
  async byId(issuer: Issuer, id: string): Promise<OAuthClient | undefined> {
    const client = this.#fixed(issuer) ?? (await this.#stored(issuer.identifier))?.client;
    return client?.id === id ? client : undefined;
  }

  /** Forgets a client that its issuer knows no longer, so that the next authorization registers another. */
  async forget(issuer: string, id: string): Promise<void> {
    const stored = await this.#stored(issuer);
    if (stored?.client.id !== id) return;
    // Somebody may have registered another one meanwhile, which stays.
    const { version } = stored;
    const key = await this.#keyOf(issuer);
    await this.#parts.store.clients.delete(key, { ifVersion: version }).catch(ifConflict);
  }

  #fixed(issuer: Issuer): OAuthClient | undefined {
    const { client, clientMetadataUrl, issuer: own } = this.#parts.options;
    // What proves it to its own issuer goes to no other, whatever was granted or begun elsewhere before.
    if (client !== undefined) return isServed(own, issuer.identifier) ? client : undefined;
    const named = clientMetadataUrl !== undefined && issuer.takesClientUrls;
    return named ? { id: clientMetadataUrl.href, authMethod: "none" } : undefined;
  }

  async #register(issuer: Issuer, signal: AbortSignal): Promise<OAuthClient> {
    const { http, callbackUrl: shared, options } = this.#parts;
    const callbackUrl = await issuerCallbackUrl(shared, issuer.identifier);
    const given = await registerClient(http, issuer, { callbackUrl, name: options.clientName, signal });
    return this.#keep(issuer.identifier, given);
  }

  /** Keeps a new client, unless another process was faster: then that one's is used, and this one's stays unused. */
  async #keep(issuer: string, client: Registration): Promise<OAuthClient> {
    const { store, sealer } = this.#parts;
    const key = await this.#keyOf(issuer);
    const facts = { ...client, secret: client.secret?.reveal() };
    const sealed = await sealJson(sealer, facts, sealedFor(kind, key));
    // Read again, because registering took its time; what is there may also be one whose secret has ended.
    const before = await store.clients.get(key);
    const others = before && (await this.#stored(issuer));
    if (others) return others.client;
    const written = store.clients.put(key, { kind, sealed }, { ifVersion: before?.version ?? null });
    await written.catch(ifConflict);
    return (await this.#stored(issuer))?.client ?? client;
  }

  async #stored(issuer: string): Promise<StoredClient | undefined> {
    const { store, sealer, clock } = this.#parts;
    const key = await this.#keyOf(issuer);
    const row = await store.clients.get(key);
    if (row === undefined) return undefined;
    const held = rowSchema.safeParse(row.value);
    if (!held.success) return undefined;
    const facts = await openJson(sealer, registrationSchema, held.data.sealed, sealedFor(kind, key)).catch(
      ifUnreadable,
    );
    // A client is nobody's data: another one is registered in the place of one that cannot be read.
    if (facts === undefined) return undefined;
    const { id, authMethod, secret: text, expiresAt } = facts;
    if (expiresAt !== undefined && expiresAt <= clock.now()) return undefined;
    const client = Object.freeze({ id, authMethod, ...(text !== undefined && { secret: secret(text) }) });
    return { client, version: row.version };
  }

  async #keyOf(issuer: string): Promise<ClientKey> {
    return { issuer, callbackUrl: (await issuerCallbackUrl(this.#parts.callbackUrl, issuer)).href };
  }
}

/** Whether a source serves an issuer: the host has fixed that one, or none. */
export function isServed(fixed: string | undefined, issuer: string): boolean {
  return fixed === undefined || fixed === issuer;
}

function ifUnreadable(failure: unknown): undefined {
  const { code } = failure instanceof TenantryError ? failure : {};
  if (code !== "SEAL_BROKEN" && code !== "STORE_INVALID") throw failure;
}
