import {
  principalOf,
  secret,
  serverId,
  TenantryError,
  workspaceId,
  type Clock,
  type CredentialStore,
  type Principal,
  type Secret,
  type Sealer,
  type ServerId,
  type WorkspaceId,
} from "@tenantry/core";
import { z } from "zod";
import { sealedFor } from "../sealing/sealed-row.ts";
import { openJson, sealJson } from "./sealed-json.ts";

/** An authorization under way: all that finishing it takes, recorded before the person leaves. */
export interface Flow {
  readonly principal: Principal;
  readonly server: ServerId;
  readonly slot: string;
  /** The issuer's identifier, what its answers call it, and whether they have to say so (RFC 9207, section 2.4). */
  readonly issuer: string;
  readonly issuerName: string;
  readonly mustNameIssuer: boolean;
  readonly isLegacy: boolean;
  readonly clientId: string;
  readonly resource: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  /** What the server wanted beyond what had been granted; absent: nothing had been. */
  readonly stepUp?: readonly string[];
  /** The secret that proves who began it (RFC 7636, section 4.1). */
  readonly verifier: string;
  /** The key that its tokens are to be bound to (RFC 9449); absent: they are bearer tokens. */
  readonly proofKey?: Secret;
}

/** Where a callback belongs. */
export interface FlowTarget {
  readonly workspace: WorkspaceId;
  readonly server: ServerId;
}

const kind = "flow";
const rowSchema = z.object({ workspace: z.string(), server: z.string(), sealed: z.string() });
const flowSchema = z.object({
  principal: z.object({ workspace: z.string(), user: z.string(), session: z.string().optional() }),
  server: z.string(),
  slot: z.string(),
  issuer: z.string(),
  issuerName: z.string(),
  mustNameIssuer: z.boolean(),
  isLegacy: z.boolean(),
  clientId: z.string(),
  resource: z.string(),
  redirectUri: z.string(),
  scopes: z.array(z.string()),
  stepUp: z.array(z.string()).optional(),
  verifier: z.string(),
  proofKey: z.string().optional(),
});

/** A flow that was found and has not been taken. */
export interface FoundFlow {
  readonly flow: Flow;
  /** Takes it, once in all processes; `false` where somebody has. */
  take(): Promise<boolean>;
}

/** The flows in a store: sealed rows under a digest of their `state`, so that who reads the store can finish none. */
export class Flows {
  readonly #store: Pick<CredentialStore, "flows">;
  readonly #sealer: Sealer;
  readonly #clock: Clock;

  constructor(store: Pick<CredentialStore, "flows">, sealer: Sealer, clock: Clock) {
    this.#store = store;
    this.#sealer = sealer;
    this.#clock = clock;
  }

  async add(state: string, flow: Flow, expiresAt: number): Promise<void> {
    const key = await keyOf(state);
    const { workspace } = flow.principal;
    const sealed = await sealJson(
      this.#sealer,
      { ...flow, proofKey: flow.proofKey?.reveal() },
      sealedFor(kind, key),
    );
    const row = { kind, workspace, server: flow.server, sealed };
    await this.#store.flows.put(key, row, { ifVersion: null, expiresAt });
  }

  /** Whether a flow is still open. */
  async isOpen(state: string): Promise<boolean> {
    return (await this.#store.flows.get(await keyOf(state))) !== undefined;
  }

  async find(state: string): Promise<FoundFlow | undefined> {
    const key = await keyOf(state);
    const row = await this.#store.flows.get(key);
    const held = rowSchema.safeParse(row?.value);
    if (row === undefined || !held.success || (row.expiresAt ?? 0) <= this.#clock.now()) return undefined;
    // What stands beside it is for whoever has no key; only what was sealed is believed.
    const stored = await openJson(this.#sealer, flowSchema, held.data.sealed, sealedFor(kind, key));
    const { stepUp, proofKey, ...facts } = stored;
    const flow: Flow = {
      ...facts,
      ...(stepUp && { stepUp }),
      ...(proofKey !== undefined && { proofKey: secret(proofKey) }),
      principal: principalOf(stored.principal),
      server: serverId(stored.server),
    };
    const take = async () => {
      try {
        // Written over and then deleted, because two that delete the same row may both hear that it is gone.
        await this.#store.flows.put(key, {}, { ifVersion: row.version, expiresAt: row.expiresAt });
      } catch (failure) {
        if (failure instanceof TenantryError && failure.code === "STORE_CONFLICT") return false;
        throw failure;
      }
      // What is left of it says nothing and ends by itself.
      await this.#store.flows.delete(key).catch(() => {});
      return true;
    };
    return { flow, take };
  }

  /** Ends a flow that nobody is to finish. */
  async end(state: string): Promise<void> {
    await this.#store.flows.delete(await keyOf(state));
  }
}

/**
 * Tells in which workspace, and for which server, a callback's flow was begun, so that a host with many servers knows which
 * provider finishes it; `undefined` where there is no such flow. It proves nothing of who brings the callback.
 */
export async function flowTarget(
  store: Pick<CredentialStore, "flows">,
  callback: URL,
): Promise<FlowTarget | undefined> {
  const state = callback.searchParams.get("state");
  if (state === null || state.length > maxStateLength) return undefined;
  const held = rowSchema.safeParse((await store.flows.get(await keyOf(state)))?.value);
  if (!held.success) return undefined;
  return { workspace: workspaceId(held.data.workspace), server: serverId(held.data.server) };
}

/** Ours have 43 characters. */
export const maxStateLength = 128;

/** A digest without a key: what it is of has 256 random bits. */
async function keyOf(state: string): Promise<{ readonly state: string }> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(state));
  const binary = String.fromCharCode(...new Uint8Array(digest));
  return { state: btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "") };
}
