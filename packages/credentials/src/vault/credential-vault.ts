import {
  quote,
  type Secret,
  secret,
  serverId,
  systemClock,
  TenantryError,
  userId,
  workspaceId,
  type Clock,
  type CredentialKey,
  type Sealer,
  type Store,
  type Version,
} from "@tenantry/core";
import { despiteConflicts } from "../conflicts.ts";
import { checkName, textOf } from "../value-source.ts";
import { savedAtOf, sealValue } from "./stored-value.ts";

/** Whose value it is, and for what. */
export interface ValueAddress {
  readonly workspace: string;
  /** Absent: it is the workspace's, for connections that its users share. */
  readonly user?: string | undefined;
  readonly server: string;
  /** The slot of the credential that reads it, such as `authorization` for `bearer(fromStore())`. */
  readonly slot: string;
}

/** What is told of a saved value, which is never the value. */
export interface ValueFacts {
  /** Another one for every saving. */
  readonly version: Version;
  /** When it was saved, in milliseconds since the Unix epoch. */
  readonly savedAt: number;
}

/**
 * Where a host keeps the values that `fromStore()` gives: keys and tokens that a person or an administrator has entered.
 * They go in and do not come out. Every method throws `PRINCIPAL_INVALID` or `DEFINITION_INVALID` for malformed names,
 * rejects with `STORE_INVALID` where the slot holds something else, such as a grant, and as the store and the sealer do; a
 * row that is damaged can be removed and saved over.
 */
export interface CredentialVault {
  /** Saves a value in place of an earlier one; rejects with `CREDENTIAL_INVALID` for blank text. */
  save(address: ValueAddress, value: string | Secret): Promise<void>;
  /** Says whether there is a value, and since when; `undefined` where there is none. */
  look(address: ValueAddress): Promise<ValueFacts | undefined>;
  /** Removes a value and says whether there was one; connections that carry it are closed. */
  remove(address: ValueAddress): Promise<boolean>;
}

/** What a vault is made of. */
export interface VaultOptions {
  readonly store: Pick<Store, "credentials">;
  readonly sealer: Sealer;
  /** Defaults to the system's. */
  readonly clock?: Clock | undefined;
}

/** Makes a vault; it opens nothing before it is used. */
export function credentialVault({ store, sealer, clock = systemClock }: VaultOptions): CredentialVault {
  const { credentials } = store;
  const find = async (key: CredentialKey) => {
    const row = await credentials.get(key);
    return row && { version: row.version, savedAt: savedAtOf(key, row.value) };
  };
  /** A row that holds no JSON is nobody's; one that holds something else than a value is refused. */
  const versionOf = async (key: CredentialKey) => {
    const row = await credentials.get(key).catch((failure: unknown) => {
      if (failure instanceof TenantryError && failure.code === "STORE_INVALID") return undefined;
      throw failure;
    });
    if (row === undefined) return credentials.version(key);
    savedAtOf(key, row.value);
    return row.version;
  };
  return Object.freeze<CredentialVault>({
    async save(address, given) {
      const key = keyOf(address);
      const text = textOf(given);
      if (text === undefined) {
        const why = `The value for the slot ${quote(key.slot)} is blank or no text; give a text or a Secret.`;
        throw new TenantryError("CREDENTIAL_INVALID", why);
      }
      const row = await sealValue(sealer, key, { value: secret(text), savedAt: clock.now() });
      await despiteConflicts(async () => {
        await credentials.put(key, row, { ifVersion: (await versionOf(key)) ?? null });
      });
    },
    look: async (address) => find(keyOf(address)),
    async remove(address) {
      const key = keyOf(address);
      return despiteConflicts(async () => {
        const version = await versionOf(key);
        if (version !== undefined) await credentials.delete(key, { ifVersion: version });
        return version !== undefined;
      });
    },
  });
}

function keyOf({ workspace, user, server, slot }: ValueAddress): CredentialKey {
  return Object.freeze({
    workspace: workspaceId(workspace),
    ...(user !== undefined && { user: userId(user) }),
    server: serverId(server),
    slot: checkName(slot, "The slot of a saved value"),
  });
}
