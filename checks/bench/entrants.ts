import { bareFetch, floor } from "./floor.ts";
import { clients, umbrellas } from "./ours.ts";
import { peers } from "./peers.ts";
import type { Serving } from "./serving.ts";
import { stockV1, stockV2Auto, stockV2Legacy, stockV2Modern } from "./stock.ts";
import type { Host, Variant } from "./variant.ts";

/** Everything that is compared; the floor comes first. */
export const variants: readonly Variant[] = [
  floor,
  bareFetch,
  ...clients,
  ...umbrellas,
  stockV1,
  stockV2Legacy,
  stockV2Modern,
  stockV2Auto,
  ...peers,
];

/** A variant that is set up in this process. */
export interface Entrant extends Variant {
  readonly host: Host;
}

/** What a measurement works with. */
export interface Bench {
  readonly serving: Serving;
  readonly entrants: readonly Entrant[];
  readonly rounds: number;
  /** Whether it only has to be seen that it runs. */
  readonly quick: boolean;
}

/** Why a variant is not among the entrants. */
export interface Absence {
  readonly name: string;
  readonly reason: string;
}

/** Sets up all that can be; a peer that cannot is reported, anything else is an error. */
export async function startEntrants(from: readonly Variant[]): Promise<{
  readonly entrants: readonly Entrant[];
  readonly absent: readonly Absence[];
}> {
  const entrants: Entrant[] = [];
  const absent: Absence[] = [];
  for (const variant of from) {
    try {
      entrants.push({ ...variant, host: await variant.start() });
    } catch (failure) {
      if (variant.kind !== "peer") throw failure;
      absent.push({
        name: variant.name,
        reason: failure instanceof Error ? failure.message : String(failure),
      });
    }
  }
  return { entrants, absent };
}
