import pg from "pg";
import type { PostgresPool, PostgresPoolClient } from "kysely";

/**
 * The pool as Kysely uses it, with what Kysely leaves to others: a connection that fails does not end the process, and
 * one that may be in the middle of something does not go back into the pool.
 */
export function guardPool(pool: pg.Pool, within: (ending: Promise<void>) => Promise<void>): PostgresPool {
  return {
    options: {},
    connect: async () => guardClient(await pool.connect()),
    end: () => within(pool.end()),
  };
}

function guardClient(client: pg.PoolClient): PostgresPoolClient {
  let broken: Error | undefined;
  const onError = (error: Error) => {
    broken ??= error;
  };
  client.on("error", onError);
  return {
    // Of the two forms that Kysely knows, the other one is for cursors, which are not used.
    query: (async (text: string, values: readonly unknown[] = []) => {
      // A rollback that cannot arrive would only wait.
      if (broken) throw broken;
      try {
        return await client.query(text, [...values]);
      } catch (error) {
        if (!isAnswer(error)) onError(error as Error);
        throw error;
      }
    }) as unknown as PostgresPoolClient["query"],
    release: () => {
      client.release(broken);
      client.off("error", onError);
    },
  };
}

/** Whether the server refused a statement and goes on; after anything else nobody knows what it is at. */
function isAnswer(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.severity === "ERROR";
}
