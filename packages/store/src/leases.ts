import type { Leases, StoreLease } from "@tenantry/core";
import type { Engine } from "./engine.ts";
import { invalid } from "./failure.ts";
import { checkText, encodeText } from "./text.ts";

/** The most that the name of a lease or a counter may take, in bytes. */
const maxNameBytes = 2_600;
/** The longest time for which a lease is given at once, and that a counter lasts: a day. */
const maxTtlMs = 86_400_000;

/** How long a lease or a counter lasts. */
export interface TtlOptions {
  readonly ttlMs: number;
}

/** How far the clock may be set back without ending the leases and counters of before, in milliseconds. */
export const toleratedStepMs = 10_000;

/** The leases of an engine; they check what they are given before anything is sent. */
export function leasesOf(engine: Engine): Leases {
  return Object.freeze({
    acquire: async (name: string, options: TtlOptions) => {
      const lease = await engine.acquire(encodeName(name), ttlOf(options));
      return lease && Object.freeze({ ...lease, name });
    },
    renew: async (lease: StoreLease, options: TtlOptions) => {
      const renewed = await engine.renew(checkLease(lease), ttlOf(options));
      return Object.freeze({ ...renewed, name: lease.name });
    },
    release: async (lease: StoreLease) => engine.release(checkLease(lease)),
  });
}

/** Checks a lease that a caller gives back, and spells its name as it is stored. */
export function checkLease(lease: StoreLease): StoreLease {
  const { name, fence, expiresAt } = lease ?? {};
  if (!Number.isSafeInteger(fence)) throw invalid("That is no lease; give one that acquire() gave.");
  return { name: encodeName(name), fence, expiresAt };
}

/** Checks a name, of which `what` says whose it is, and spells it as it is stored; throws `ARGUMENT_INVALID`. */
export function encodeName(name: string, what = "the name of a lease"): string {
  const text = encodeText(checkText(name, what));
  if (new TextEncoder().encode(text).length > maxNameBytes) {
    throw invalid(`Shorten ${what}: it takes more than ${maxNameBytes} bytes.`);
  }
  return text;
}

/** Checks how long something lasts; throws `ARGUMENT_INVALID`. */
export function ttlOf(options: TtlOptions | undefined): number {
  const ttlMs = options?.ttlMs ?? Number.NaN;
  if (Number.isInteger(ttlMs) && ttlMs >= 1 && ttlMs <= maxTtlMs) return ttlMs;
  throw invalid(`ttlMs is a whole number of milliseconds from 1 to ${maxTtlMs}.`);
}
