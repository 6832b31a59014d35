import {
  principalOf,
  secret,
  TenantryError,
  type CredentialStore,
  type FlowKey,
  type KeyedRow,
  type Principal,
  type Sealer,
  type Secret,
  type ServerId,
} from "@tenantry/core";
import { z } from "zod";
import { ifConflict } from "../conflicts.ts";
import { toBase64url } from "../sealing/base64url.ts";
import { sealedFor } from "../sealing/sealed-row.ts";
import { parametersOf } from "./return-address.ts";
import { openJson, sealJson } from "./sealed-json.ts";

/** A person and a server. A conversation is nobody's browser, so flows do not tell a user's sessions apart. */
export interface FlowOwner {
  readonly principal: Pick<Principal, "workspace" | "user">;
  readonly server: ServerId;
}

/** An authorization under way: all that finishing it takes, recorded before the person leaves. */
export interface Flow extends FlowOwner {
  readonly slot: string;
  /** The issuer's identifier, what its answers call it, and whether they have to say so (RFC 9207, section 2.4). */
  readonly issuer: string;
  readonly issuerName: string;
  readonly mustNameIssuer: boolean;
  readonly isLegacy: boolean;
  readonly clientId: string;
  readonly resource: string;
  readonly redirectUri: string;
  /** What was wished for, and what of that the issuer is asked for. */
  readonly wished: readonly string[];
  readonly scopes: readonly string[];
  /** What the server wanted beyond what had been granted; absent: nothing had been. */
  readonly stepUp?: readonly string[];
  /** When it was begun, in milliseconds since the Unix epoch, and later than each that the same person had begun before. */
  readonly begunAt: number;
  /** What its callback is known by, so that another process can give the same page. */
  readonly state: string;
  /** The secret that proves who began it (RFC 7636, section 4.1). */
  readonly verifier: string;
  /** The key that its tokens are to be bound to (RFC 9449); absent: they are bearer tokens. */
  readonly proofKey?: Secret;
}

/** A flow as the store has it. */
export interface FlowRow {
  readonly key: FlowKey;
  readonly flow: Flow;
  readonly expiresAt: number;
}

/** A flow that can be finished, or is being finished. */
export interface FlowUnderWay extends FlowRow {
  readonly isOpen: boolean;
}

const kind = "flow";
const rowSchema = z.object({
  kind: z.literal(kind),
  slot: z.string(),
  sealed: z.string(),
  /** Names whoever is finishing it. */
  taken: z.string().optional(),
});
const flowSchema = z.object({
  issuer: z.string(),
  issuerName: z.string(),
  mustNameIssuer: z.boolean(),
  isLegacy: z.boolean(),
  clientId: z.string(),
  resource: z.string(),
  redirectUri: z.string(),
  wished: z.array(z.string()),
  scopes: z.array(z.string()),
  stepUp: z.array(z.string()).optional(),
  begunAt: z.number(),
  state: z.string(),
  verifier: z.string(),
  proofKey: z.string().optional(),
});

/** The flows in a store: sealed rows under a digest of their `state`, so that who reads the store can finish none. */
export class Flows {
  readonly #store: Pick<CredentialStore, "flows">;
  readonly #sealer: Sealer;
  readonly #slot: string;
  readonly #max: number;

  /** Of one slot; beyond `max` of one person and server the oldest ends. */
  constructor(store: Pick<CredentialStore, "flows">, sealer: Sealer, slot: string, max: number) {
    this.#store = store;
    this.#sealer = sealer;
    this.#slot = slot;
    this.#max = max;
  }

  async add(flow: Flow, expiresAt: number): Promise<void> {
    const { principal, server, slot, proofKey, ...facts } = flow;
    await this.#makeRoom(flow);
    const key = Object.freeze({ ...ownerOf({ principal, server }), state: await digestOf(flow.state) });
    const sealed = await sealJson(
      this.#sealer,
      { ...facts, proofKey: proofKey?.reveal() },
      sealedFor(kind, key),
    );
    await this.#store.flows.put(key, { kind, slot, sealed }, { ifVersion: null, expiresAt });
  }

  /** Whether a flow can still be finished. */
  async isOpen(owner: FlowOwner, state: string): Promise<boolean> {
    const key = { ...ownerOf(owner), state: await digestOf(state) };
    return isOpen((await this.#store.flows.get(key))?.value);
  }

  /** The flows of one person and server, those too that are being finished; what does not open is passed over. */
  async underWay(owner: FlowOwner): Promise<readonly FlowUnderWay[]> {
    const { rows } = await this.#store.flows.list(ownerOf(owner), { limit: 1_000 });
    const own = rows.filter(({ value }) => this.#isOwn(value));
    const read = await Promise.all(
      own.map(async (row) => {
        const found = await this.#read(row).catch(ifUnreadable);
        return found && { ...found, isOpen: isOpen(row.value) };
      }),
    );
    return read.filter((row) => row !== undefined);
  }

  /** The flow of a callback that this person brings, if it can be finished by whoever has taken it under this name. */
  async find(
    { workspace, user }: FlowOwner["principal"],
    state: string,
    name?: string,
  ): Promise<FlowRow | undefined> {
    const within = { workspace, user, state: await digestOf(state) };
    const [row] = (await this.#store.flows.list(within)).rows;
    return row && this.#isOwn(row.value) && isOpen(row.value, name) ? this.#read(row) : undefined;
  }

  /** Ends all flows of one person and server, those too that are being finished. */
  async end(owner: FlowOwner): Promise<void> {
    await this.#store.flows.clear(ownerOf(owner));
  }

  async #rowsOf(owner: FlowOwner): Promise<readonly KeyedRow<FlowKey>[]> {
    const { rows } = await this.#store.flows.list(ownerOf(owner), { limit: 1_000 });
    return rows.filter(({ value }) => this.#isOwn(value) && isOpen(value));
  }

  /** Whether it is a flow of this slot. */
  #isOwn(value: unknown): boolean {
    return rowSchema.safeParse(value).data?.slot === this.#slot;
  }

  async #makeRoom(owner: FlowOwner): Promise<void> {
    const rows = await this.#rowsOf(owner);
    const oldest = rows.toSorted((a, b) => (a.expiresAt ?? 0) - (b.expiresAt ?? 0));
    const over = oldest.slice(0, Math.max(0, rows.length + 1 - this.#max));
    // One that is being finished by now stays.
    const end = ({ key, version }: KeyedRow<FlowKey>) =>
      this.#store.flows.delete(key, { ifVersion: version }).catch(ifConflict);
    await Promise.all(over.map(end));
  }

  async #read({ key, value, expiresAt = 0 }: KeyedRow<FlowKey>): Promise<FlowRow | undefined> {
    const { sealed, slot } = rowSchema.parse(value);
    const owner = sealedFor(kind, key);
    const { stepUp, proofKey, ...facts } = await openJson(this.#sealer, flowSchema, sealed, owner);
    const { workspace, user, server } = key;
    const flow: Flow = {
      ...facts,
      ...(stepUp && { stepUp }),
      ...(proofKey !== undefined && { proofKey: secret(proofKey) }),
      principal: principalOf({ workspace, user }),
      server,
      slot,
    };
    return Object.freeze({ key, flow, expiresAt });
  }
}

function ownerOf({ principal: { workspace, user }, server }: FlowOwner) {
  return { workspace, user, server };
}

/** Whether it can be finished, by whoever has taken it under this name where somebody has. */
function isOpen(value: unknown, name?: string): boolean {
  const held = rowSchema.safeParse(value);
  return held.success && (held.data.taken === undefined || held.data.taken === name);
}

function ifUnreadable(failure: unknown): undefined {
  const code = failure instanceof TenantryError ? failure.code : undefined;
  if (code !== "SEAL_BROKEN" && code !== "STORE_INVALID") throw failure;
}

/**
 * Tells for which server the flow was begun that a person's callback ends, so that a host with many servers knows which
 * provider finishes it; `undefined` where this person has begun no such flow.
 */
export async function flowServer(
  store: Pick<CredentialStore, "flows">,
  { workspace, user }: Pick<Principal, "workspace" | "user">,
  callback: URL,
): Promise<ServerId | undefined> {
  const state = parametersOf(callback).get("state");
  if (state === null || state.length > maxStateLength) return undefined;
  const [row] = (await store.flows.list({ workspace, user, state: await digestOf(state) })).rows;
  return row?.key.server;
}

/** Ours have 43 characters. */
export const maxStateLength = 128;

/** A digest without a key: what it is of has 256 random bits. */
async function digestOf(state: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(state));
  return toBase64url(new Uint8Array(digest));
}
