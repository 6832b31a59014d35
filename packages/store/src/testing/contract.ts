import { audit } from "./audit.ts";
import type { StoreCheck } from "./check.ts";
import { closing } from "./closing.ts";
import { counters } from "./counters.ts";
import { expiry } from "./expiry.ts";
import { keys } from "./keys.ts";
import { leases } from "./leases.ts";
import { lists } from "./lists.ts";
import { races } from "./races.ts";
import { rows } from "./rows.ts";
import { tenants } from "./tenants.ts";
import { values } from "./values.ts";
import { watching } from "./watching.ts";

export type { StoreCheck, StoreFixture } from "./check.ts";

/**
 * What every store promises, one check each, for any test runner: give each check an empty store of its own. A check
 * takes under 5 seconds of the store's clock.
 */
export const storeContract: readonly StoreCheck[] = Object.freeze([
  ...rows,
  ...values,
  ...keys,
  ...lists,
  ...tenants,
  ...expiry,
  ...leases,
  ...counters,
  ...watching,
  ...audit,
  ...races,
  ...closing,
]);
