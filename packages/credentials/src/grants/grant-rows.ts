import {
  quote,
  secret,
  TenantryError,
  type CredentialKey,
  type Sealer,
  type Store,
  type StoreLease,
  type UrgentOptions,
  type Version,
} from "@tenantry/core";
import { z } from "zod";
import { isSealedRow, sealedFor } from "../sealing/sealed-row.ts";
import type { Grant } from "./grant.ts";

/** What grants take of a store. */
export type GrantStore = Pick<Store, "credentials" | "leases" | "watch">;

/** Written before a refresh token is sent: from then on it may have been used. */
export interface Intent {
  /** The fence of the lease under which it is sent. */
  readonly fence: number;
  /** When it was first sent, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/** A grant as the store has it. */
export interface GrantRow {
  readonly grant: Grant;
  /** A refresh that has been begun and has not been told the end of. */
  readonly intent?: Intent;
  readonly version: Version;
}

/** A row of which nothing has been opened yet: opening it may take long, or fail, and keeps nobody from deleting it. */
export interface ClosedRow {
  readonly version: Version;
  readonly intent?: Intent;
  /** Opens it; `undefined` where it holds no grant that can be read. */
  open(): Promise<Grant | undefined>;
}

/** How a grant is written. */
export interface WriteOptions extends UrgentOptions {
  readonly ifVersion: Version | null;
  readonly intent?: Intent;
  readonly lease?: StoreLease;
}

const kind = "grant";

/**
 * Deletes what a person has granted to a server, in whatever slot, and says how many grants that were: also where nobody
 * uses that slot or that server any more.
 */
export async function deleteGrants(
  credentials: Pick<Store["credentials"], "list" | "delete">,
  { workspace, user, server }: Required<Omit<CredentialKey, "slot">>,
): Promise<number> {
  let deleted = 0;
  let after: string | undefined;
  do {
    const { rows, next } = await credentials.list({ workspace, user, server }, { after });
    for (const { key, value } of rows) {
      if (!isSealedRow(value) || value.kind !== kind) continue;
      await credentials.delete(key);
      deleted++;
    }
    after = next;
  } while (after !== undefined);
  return deleted;
}

/** The rows of a store's credentials that are grants: sealed, and checked when they are read. */
export class GrantRows {
  readonly #credentials: Store["credentials"];
  readonly #sealer: Sealer;

  constructor(credentials: Store["credentials"], sealer: Sealer) {
    this.#credentials = credentials;
    this.#sealer = sealer;
  }

  /** Rejects with `SEAL_BROKEN` where the row does not open, and with `STORE_INVALID` where it holds no grant. */
  async read(key: CredentialKey, options?: UrgentOptions): Promise<GrantRow | undefined> {
    const row = await this.#credentials.get(key, options);
    if (row === undefined) return undefined;
    const held = rowSchema.safeParse(row.value);
    if (!held.success) throw noGrant(key);
    const { sealed, intent } = held.data;
    const grant = await this.#open(key, sealed);
    return { grant, version: row.version, ...(intent && { intent }) };
  }

  /** The row's version, and its grant where it can be read: what cannot be is replaced or removed all the same. */
  async look(key: CredentialKey): Promise<(Partial<GrantRow> & Pick<GrantRow, "version">) | undefined> {
    try {
      return await this.read(key);
    } catch (failure) {
      if (!isUnreadable(failure)) throw failure;
      const version = await this.#credentials.version(key);
      return version === undefined ? undefined : { version };
    }
  }

  /** The row as it is there, whatever it holds. */
  async closed(key: CredentialKey): Promise<ClosedRow | undefined> {
    const row = await this.#credentials.get(key).catch((failure: unknown) => {
      if (!isUnreadable(failure)) throw failure;
      return undefined;
    });
    const version = row?.version ?? (await this.#credentials.version(key));
    if (version === undefined) return undefined;
    const held = rowSchema.safeParse(row?.value).data;
    return {
      version,
      ...(held?.intent && { intent: held.intent }),
      open: async () => held && this.#open(key, held.sealed).catch(ifUnreadable),
    };
  }

  async write(key: CredentialKey, grant: Grant, { intent, ...options }: WriteOptions): Promise<Version> {
    const sealed = await this.#sealer.seal(secret(formatGrant(grant)), sealedFor(kind, key));
    const row = { kind, sealed, ...(intent && { intent: { ...intent } }) };
    return this.#credentials.put(key, row, options);
  }

  delete(key: CredentialKey, ifVersion: Version): Promise<void> {
    return this.#credentials.delete(key, { ifVersion });
  }

  async #open(key: CredentialKey, sealed: string): Promise<Grant> {
    const opened = await this.#sealer.open(sealed, sealedFor(kind, key));
    const grant = parseGrant(opened.reveal());
    if (grant === undefined) throw noGrant(key);
    return grant;
  }
}

const time = z.number().min(0);
const rowSchema = z.object({
  kind: z.literal(kind),
  sealed: z.string(),
  intent: z.object({ fence: z.number(), at: time }).optional(),
});

const name = z.string().min(1).max(8_192);
const token = z.string().min(1);
const grantSchema = z.object({
  subject: name,
  generation: name,
  issuer: name,
  resource: name,
  clientId: name,
  scopes: z.array(name).max(1_000),
  tokenType: z.enum(["bearer", "dpop"]),
  accessToken: token,
  expiresAt: time.optional(),
  begunAt: time.optional(),
  receivedAt: time.optional(),
  refreshToken: token.optional(),
  proofKey: token.optional(),
  refreshGraceMs: time.optional(),
  keepsRefreshToken: z.boolean().optional(),
});

function formatGrant({ accessToken, refreshToken, proofKey, ...facts }: Grant): string {
  const tokens = {
    accessToken: accessToken.reveal(),
    refreshToken: refreshToken?.reveal(),
    proofKey: proofKey?.reveal(),
  };
  const checked = grantSchema.safeParse({ ...facts, ...tokens });
  if (checked.success) return JSON.stringify(checked.data);
  const wrong = new Set(checked.error.issues.map(({ path }) => String(path[0])));
  throw new TenantryError(
    "ARGUMENT_INVALID",
    `A grant has a malformed ${[...wrong].join(", ")}; correct it.`,
  );
}

/** Nothing of what is wrong is told: it is a secret's text. */
function parseGrant(text: string): Grant | undefined {
  const parsed = grantSchema.safeParse(jsonOf(text));
  if (!parsed.success) return undefined;
  const { accessToken, refreshToken, proofKey, scopes, expiresAt, receivedAt, ...more } = parsed.data;
  const { begunAt, refreshGraceMs, keepsRefreshToken, ...facts } = more;
  return Object.freeze({
    ...facts,
    scopes: Object.freeze(scopes),
    accessToken: secret(accessToken),
    ...(refreshToken !== undefined && { refreshToken: secret(refreshToken) }),
    ...(proofKey !== undefined && { proofKey: secret(proofKey) }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(begunAt !== undefined && { begunAt }),
    ...(receivedAt !== undefined && { receivedAt }),
    ...(refreshGraceMs !== undefined && { refreshGraceMs }),
    ...(keepsRefreshToken !== undefined && { keepsRefreshToken }),
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isUnreadable(failure: unknown): boolean {
  const code = failure instanceof TenantryError ? failure.code : undefined;
  return code === "SEAL_BROKEN" || code === "STORE_INVALID";
}

function ifUnreadable(failure: unknown): undefined {
  if (!isUnreadable(failure)) throw failure;
}

function noGrant({ server, slot }: CredentialKey): TenantryError {
  const why = `What is stored for the slot ${quote(slot)} of the server ${quote(server)} is no grant`;
  return new TenantryError("STORE_INVALID", `${why}; remove it, or give one of the two another slot.`, {
    server,
    slot,
  });
}
