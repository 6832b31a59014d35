import { TenantryError, type Clock, type Store } from "@tenantry/core";
import { Limit, type CountedCall, type Taken } from "./limit.ts";
import type { Quota } from "./quota.ts";
import { checkQuotas } from "./schema.ts";

/** What quotas need of a router. */
export interface QuotaParts {
  readonly clock: Clock;
  /** Where shared ones are counted. */
  readonly store?: Pick<Store, "counters"> | undefined;
}

/** The quotas of one workspace's calls. */
export class Quotas {
  readonly #limits: readonly Limit[];

  /** Throws `CONFIG_INVALID`, naming the path of what is wrong. */
  constructor(
    given: readonly { readonly quotas: readonly Quota[]; readonly path: string }[],
    { clock, store }: QuotaParts,
  ) {
    const all = given.flatMap(({ quotas, path }) => checkQuotas(quotas, path));
    const shared = all.find((one) => one.shared === true);
    if (shared !== undefined && store === undefined)
      throw new TenantryError("CONFIG_INVALID", "Quotas that are shared are counted in a store; give one.");
    // The narrowest first: what one user is refused must not count against everybody.
    const width = ({ per = [] }: Quota) => (per.includes("user") ? 0 : 10) - per.length;
    this.#limits = all
      .toSorted((one, other) => width(one) - width(other))
      .map((quota) => new Limit(quota, { clock, counters: quota.shared ? store?.counters : undefined }));
  }

  /** Whether any call counts. */
  get areOn(): boolean {
    return this.#limits.length > 0;
  }

  /** Whether it matters to any which tool is called. */
  get areByTool(): boolean {
    return this.#limits.some(({ isByTool }) => isByTool);
  }

  /**
   * Counts a call, and gives back what was taken by what it returns: `undefined` where no quota counts it. Throws or rejects
   * with `RATE_LIMITED` where it is one too many. It gives a promise only where a store has to be asked.
   */
  take(call: CountedCall): Taken | undefined | Promise<Taken> {
    const limits = this.#limits.filter((limit) => limit.counts(call));
    if (limits.length === 0) return undefined;
    return limits.some(({ isShared }) => isShared) ? takeInTurn(limits, call) : takeAtOnce(limits, call);
  }
}

function takeAtOnce(limits: readonly Limit[], call: CountedCall): Taken {
  const taken: Taken[] = [];
  try {
    for (const limit of limits) taken.push(limit.takeHere(call));
    return givingBack(taken);
  } catch (failure) {
    givingBack(taken)();
    throw failure;
  }
}

async function takeInTurn(limits: readonly Limit[], call: CountedCall): Promise<Taken> {
  const taken: Taken[] = [];
  try {
    for (const limit of limits) taken.push(await limit.take(call));
    return givingBack(taken);
  } catch (failure) {
    givingBack(taken)();
    throw failure;
  }
}

function givingBack(taken: readonly Taken[]): Taken {
  return () => {
    for (const give of taken) give();
  };
}
