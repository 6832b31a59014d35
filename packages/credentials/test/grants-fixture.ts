import { randomBytes } from "node:crypto";
import { serverId, userId, workspaceId, type Clock, type CredentialKey, type Sealer } from "@tenantry/core";
import { Grants, type Grant, type GrantLimits, type GrantsOptions, type SendRefresh } from "../src/grants.ts";
import { sealWithKeys } from "../src/index.ts";
import { handClock } from "./fixture.ts";
import { Issuer } from "./issuer.ts";
import { memoryStore, type MemoryStore } from "./memory-store.ts";

export const key: CredentialKey = {
  workspace: workspaceId("acme"),
  user: userId("ada"),
  server: serverId("github"),
  slot: "oauth",
};
export const hour = 3_600_000;

/** Processes on one store, their issuer, and a clock that is moved by hand. */
export function setUp({ graceMs, rotates, limits, spoil }: Setting = {}) {
  const clock = handClock();
  clock.pass(1_000 * hour);
  const store = memoryStore(clock);
  const busy = { count: 0 };
  const sealer = counted(sealWithKeys({ current: "k", keys: { k: randomBytes(32) } }), busy);
  const issuer = new Issuer({
    clock,
    ...(graceMs !== undefined && { graceMs }),
    ...(rotates !== undefined && { rotates }),
  });
  const send: SendRefresh = async (grant) => issuer.refresh(grant);
  const spoilt = spoil?.(store) ?? store;
  /** One process; a dead one hears no timer. */
  const start = (own: Clock = clock) =>
    new Grants({ store: spoilt, sealer, clock: own, limits, random: () => 0.5 });
  /** Lets everything happen that waits for no clock. */
  const settle = async () => {
    for (let quiet = 0; quiet < 5; quiet = busy.count === 0 ? quiet + 1 : 0)
      await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, settle, store, issuer, sealer, send, start, grants: start() };
}

interface Setting {
  readonly graceMs?: number;
  readonly rotates?: boolean;
  readonly limits?: Partial<GrantLimits>;
  /** What the processes have in place of the store. */
  readonly spoil?: (store: MemoryStore) => GrantsOptions["store"];
}

/** The same sealer, with a count of what it is doing: its work is done by threads, which no turn of the loop waits for. */
function counted(sealer: Sealer, busy: { count: number }): Sealer {
  const count = async <T>(work: Promise<T>) => {
    busy.count++;
    return work.finally(() => busy.count--);
  };
  return {
    seal: (...args) => count(sealer.seal(...args)),
    open: (...args) => count(sealer.open(...args)),
    isStale: (envelope) => sealer.isStale(envelope),
  };
}

export const text = (grant: Grant | undefined) => grant?.accessToken.reveal();

/** The name that the coordinator leases for {@link key}. */
export const leaseName = () => "refresh:4:3:6:acmeadagithuboauth";
