import type { Lease } from "@tenantry/core";

/** Makes a lease of its own for every borrower, so that releasing one twice cannot end another. */
export function createLease<C>(connection: C, entry: { release(): void }): Lease<C> {
  let released = false;
  const release = () => {
    if (released) return;
    released = true;
    entry.release();
  };
  return Object.freeze({ connection, release, [Symbol.dispose]: release });
}
