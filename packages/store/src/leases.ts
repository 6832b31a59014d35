import type { Leases, StoreLease } from "@tenantry/core";
import type { Engine } from "./engine.ts";
import { invalid } from "./failure.ts";
import { checkText, encodeText } from "./text.ts";

/** The most that a lease's name may take, in bytes. */
const maxNameBytes = 2_600;
/** The longest time for which a lease is given at once: a day. */
const maxTtlMs = 86_400_000;

interface LeaseOptions {
  readonly ttlMs: number;
}

/** How far the clock may be set back without ending the leases that were given before, in milliseconds. */
export const toleratedStepMs = 10_000;

/** The leases of an engine; they check what they are given before anything is sent. */
export function leasesOf(engine: Engine): Leases {
  return Object.freeze({
    acquire: async (name: string, options: LeaseOptions) => {
      const lease = await engine.acquire(encodeName(name), ttlOf(options));
      return lease && Object.freeze({ ...lease, name });
    },
    renew: async (lease: StoreLease, options: LeaseOptions) => {
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

function encodeName(name: string): string {
  const text = encodeText(checkText(name, "the name of a lease"));
  if (new TextEncoder().encode(text).length > maxNameBytes) {
    throw invalid(`The name of a lease takes more than ${maxNameBytes} bytes; shorten it.`);
  }
  return text;
}

function ttlOf(options: LeaseOptions | undefined): number {
  const ttlMs = options?.ttlMs ?? Number.NaN;
  if (Number.isInteger(ttlMs) && ttlMs >= 1 && ttlMs <= maxTtlMs) return ttlMs;
  throw invalid(`ttlMs is a whole number of milliseconds from 1 to ${maxTtlMs}.`);
}
