import pg from "pg";
import { withDeadline, type Clock, type StoreChange } from "@tenantry/core";
import { Kysely, PostgresDialect, sql, type RawBuilder } from "kysely";
import { unreadable } from "../failure.ts";
import type { Backend, Db, Failure } from "../sql/backend.ts";
import { Watchers, type ChangedRow } from "../watchers.ts";
import type { ConnectOptions } from "./connect-options.ts";
import { failureOf } from "./failure.ts";
import { guardPool } from "./guard-pool.ts";
import { Listening } from "./listening.ts";
import { Sockets } from "./sockets.ts";
import type { PostgresStoreLimits } from "./postgres-store.ts";
import { channel, changesOf, payloadsOf } from "./notice.ts";

/** How long connections may take to say goodbye, in milliseconds. */
const farewellMs = 5_000;
/** "TNTY": the number of the lock that is held while the schema is changed. */
const schemaLock = 0x544e5459;
/** The type of a whole number of 64 bits (pg_type.dat); the driver would give it as text. */
const int8 = 20;

interface PostgresBackendOptions {
  readonly connection: ConnectOptions;
  readonly clock: Clock;
  readonly limits: PostgresStoreLimits;
}

/** Keeps rows in a Postgres database. */
export class PostgresBackend implements Backend {
  readonly clock: Clock;
  readonly text = sql`text collate "C"`;
  readonly integer = sql`bigint`;
  readonly serial = sql`bigint generated always as identity primary key`;
  readonly skipLocked = sql`for update skip locked`;
  readonly shareLock = sql`for share`;
  readonly #options: PostgresBackendOptions;
  readonly #watchers = new Watchers();
  /** Tells this store's own notices from those of others. */
  readonly #id = crypto.randomUUID();
  #listening: Listening | undefined;
  readonly #endings = new Set<Promise<void>>();

  constructor(options: PostgresBackendOptions) {
    this.#options = options;
    this.clock = options.clock;
  }

  now(): RawBuilder<number> {
    return sql`floor(extract(epoch from clock_timestamp()) * 1000)::bigint`;
  }

  async open(): Promise<Kysely<unknown>> {
    const { clock } = this;
    const { limits } = this.#options;
    const sockets = new Sockets();
    const pool = new pg.Pool({
      ...this.#clientOptions(sockets),
      max: limits.maxConnections,
      allowExitOnIdle: true,
    });
    // A connection that is lost while nobody uses it is replaced by the next call.
    pool.on("error", () => {});
    return new Kysely<unknown>({
      dialect: new PostgresDialect({
        pool: guardPool(pool, async (ending) => {
          await withinFarewell(clock, ending);
          sockets.destroy();
        }),
      }),
    });
  }

  async lockSchema(db: Db): Promise<void> {
    await sql`select pg_advisory_xact_lock(${sql.lit(schemaLock)})`.execute(db);
    const { rows } = await sql<{ encoding: string }>`
      select current_setting('server_encoding') as encoding`.execute(db);
    if (rows[0]?.encoding !== "UTF8") {
      throw unreadable("The Postgres database cannot hold all text; create one with the encoding UTF8.");
    }
  }

  async publish(db: Db, changes: readonly ChangedRow[] | "resync"): Promise<void> {
    const payloads = payloadsOf(this.#id, changes);
    await sql`select pg_notify(${channel}, payload) from unnest(${payloads}::text[]) as payload`.execute(db);
  }

  /** Postgres lets a statement wait by itself. */
  attempt<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  failureOf(error: unknown): Failure {
    return failureOf(error);
  }

  /** Listens from the first watcher to the last. */
  watch(listener: (change: StoreChange) => void): Disposable {
    const watcher = this.#watchers.add(listener);
    const sockets = new Sockets();
    this.#listening ??= new Listening({
      clock: this.clock,
      sockets,
      createClient: () => new pg.Client({ ...this.#clientOptions(sockets), keepAlive: true }),
      onListening: () => this.#watchers.tell("resync"),
      onPayload: (payload) => this.#watchers.tell(changesOf(this.#id, payload)),
    });
    return {
      [Symbol.dispose]: () => {
        watcher[Symbol.dispose]();
        if (this.#watchers.size === 0) this.#stopListening();
      },
    };
  }

  tell(changes: readonly ChangedRow[] | "resync"): void {
    this.#watchers.tell(changes);
  }

  async close(): Promise<void> {
    this.#watchers.clear();
    this.#stopListening();
    await Promise.all(this.#endings);
  }

  /** A farewell that nobody waits for now is waited for by `close()`. */
  #stopListening(): void {
    const listening = this.#listening;
    if (listening === undefined) return;
    this.#listening = undefined;
    const ending = withinFarewell(this.clock, listening.end()).then(() => {
      listening.destroy();
      this.#endings.delete(ending);
    });
    this.#endings.add(ending);
  }

  /** The driver would take whatever is not given here from the environment. */
  #clientOptions(sockets: Sockets): pg.ClientConfig & { readonly sslnegotiation: "postgres" } {
    const { connection, limits } = this.#options;
    const { connectTimeoutMs, statementTimeoutMs } = limits;
    return {
      ...connection,
      stream: () => sockets.create(),
      sslnegotiation: "postgres",
      client_encoding: "utf8",
      application_name: "tenantry",
      connectionTimeoutMillis: connectTimeoutMs,
      // The server's own time-out comes first, and leaves the connection in order.
      query_timeout: statementTimeoutMs + farewellMs,
      options: settings({
        statement_timeout: `${statementTimeoutMs}`,
        idle_in_transaction_session_timeout: `${statementTimeoutMs}`,
        // Whoever waits for a row sees it as it is by then; a stricter level would fail instead.
        default_transaction_isolation: "read committed",
      }),
      types: { getTypeParser: parserOf as typeof pg.types.getTypeParser },
    };
  }
}

/** Settings of a connection; a space in a value is escaped. */
function settings(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `-c ${name}=${value.replaceAll(" ", "\\ ")}`)
    .join(" ");
}

function parserOf(type: number, format?: "text" | "binary"): unknown {
  return type === int8 ? Number : pg.types.getTypeParser(type, format as "text");
}

/** Waits for connections to end, but not for those to a server that does not answer any more. */
async function withinFarewell(clock: Clock, ending: Promise<void>): Promise<void> {
  await withDeadline(
    { clock, timeoutMs: farewellMs, keepAlive: true, expired: () => undefined },
    () => ending,
  ).catch(() => {});
}
