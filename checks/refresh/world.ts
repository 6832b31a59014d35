import { randomBytes } from "node:crypto";
import { startFakeServer } from "@tenantry/testing";
import { startAuthorizationServer, type AuthorizationServer } from "@tenantry/testing/oauth";
import { startPostgres } from "../../packages/store/test/postgres-server.ts";
import { startHost, type Host } from "./host.ts";
import type { RefreshLimits } from "./messages.ts";
import { naiveClient } from "./naive.ts";
import { openTap, type Tap } from "./tap.ts";

/** What a world is made of. */
export interface WorldOptions {
  readonly limits: RefreshLimits;
  /** How many host processes there are. */
  readonly hosts: number;
  /** Whether they refresh without coordination: the negative control. */
  readonly isNaive: boolean;
}

/** A host process and its own way to the database. */
export interface Seat {
  readonly tap: Tap;
  host: Host;
}

/** Host processes that share one database, the authorization server whose tokens they refresh, and a server that takes them. */
export interface World extends AsyncDisposable {
  readonly limits: RefreshLimits;
  readonly issuer: AuthorizationServer;
  /** Where the MCP server is. */
  readonly server: URL;
  readonly seats: readonly Seat[];
  /** The address of the database, past every tap. */
  readonly database: string;
  /** Kills a process, if it lives, and puts a new one in its place. */
  replace(seat: Seat): Promise<void>;
  /** How many leases are held. */
  leases(): Promise<number>;
}

/** Starts everything; nobody has granted anything yet. */
export async function startWorld({ limits, hosts, isNaive }: WorldOptions): Promise<World> {
  await using parts = new AsyncDisposableStack();
  const postgres = parts.use(await startPostgres());
  const issuer = parts.use(await startAuthorizationServer({ clients: [naiveClient] }));
  const server = parts.use(await startFakeServer({ authenticate: { authorizationServer: issuer } }));
  const database = await postgres.createDatabase();
  const setup = {
    ...{ server: server.url.href, limits, sealingKey: randomBytes(32).toString("base64") },
    ...(isNaive && { naive: { tokenEndpoint: issuer.metadata.token_endpoint } }),
  };
  const sit = async (): Promise<Seat> => {
    const tap = parts.use(await openTap(database));
    const seat: Seat = { tap, host: await startHost({ ...setup, database: tap.url }) };
    parts.defer(() => seat.host.kill());
    return seat;
  };
  const seats = await Promise.all(Array.from({ length: hosts }, sit));
  const started = parts.move();
  return {
    ...{ limits, issuer, server: server.url, seats, database },
    async replace(seat) {
      await seat.host.kill();
      seat.tap.hasLease = false;
      seat.host = await startHost({ ...setup, database: seat.tap.url });
    },
    async leases() {
      const [counted] = await postgres.query(database, countLeases);
      return Number(counted?.["held"]);
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

const countLeases = `select count(*)::int as held from tenantry_leases
  where ttl_ms > 0 and expires_at > extract(epoch from clock_timestamp()) * 1000`;
