import { createConnector } from "@tenantry/client";
import {
  disposeAll,
  originOf,
  type Clock,
  type Connection,
  type CredentialProvider,
  type Era,
  type ParkedSession,
} from "@tenantry/core";
import { createEgress } from "@tenantry/egress";
import { createPool, defaultPoolLimits, type Pool, type PoolLimits } from "@tenantry/pool";
import { call } from "../variant.ts";
import { boundBearer, contextOf, endpointOf, targetsOf, type TargetOf } from "./target.ts";

/** What a host is made of. */
export interface PoolHostOptions {
  readonly url: URL;
  readonly era: Era;
  /** Bounds that differ from the defaults; one that the pool does not have is left out. */
  readonly limits?: Readonly<Record<string, number>>;
  /** The pool's clock; defaults to the system's. */
  readonly clock?: Clock;
  /** Defaults to the token of the context. */
  readonly credentials?: CredentialProvider;
}

/** One egress, one connector and one pool, as the umbrella puts them together. */
export class PoolHost {
  readonly pool: Pool<Connection>;
  readonly targetOf: TargetOf;
  readonly #egress = createEgress();

  constructor({ url, era, limits = {}, clock, credentials = boundBearer() }: PoolHostOptions) {
    const connector = createConnector({ egress: this.#egress });
    const known = Object.entries(limits).filter(([name]) => Object.hasOwn(defaultPoolLimits, name));
    this.pool = createPool<Connection, ParkedSession>({
      connector,
      limits: Object.fromEntries(known) as Partial<PoolLimits>,
      ...(clock && { clock }),
    });
    this.targetOf = targetsOf({ endpoint: endpointOf(url, era), origin: originOf(url), credentials });
  }

  /** Calls the tool once for a user, as a request of its own. */
  call(user: string, token: string, workspace?: string): Promise<unknown> {
    const options = { context: contextOf(token), resend: "refused" } as const;
    return this.pool.run(
      this.targetOf(user, workspace),
      (connection) => connection.request("tools/call", call),
      options,
    );
  }

  /** Open sockets. */
  get sockets(): number {
    return this.#egress.stats().sockets;
  }

  /** How many sessions are parked; `undefined` where the pool parks none. */
  get parked(): number | undefined {
    return (this.pool.stats().byState as Readonly<Record<string, number>>)["parked"];
  }

  /** Revokes what the selection means; `false` where the pool cannot. */
  async revoke(selection: { readonly workspace: string; readonly user?: string }): Promise<boolean> {
    const { revoke } = this.pool as Revoking;
    await revoke?.(selection);
    return revoke !== undefined;
  }

  async close(): Promise<void> {
    await disposeAll([this.#egress, this.pool]);
  }
}

interface Revoking {
  revoke?(selection: object): Promise<void>;
}
