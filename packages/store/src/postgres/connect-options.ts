import type { ConnectionOptions } from "node:tls";
import { quote, Secret, TenantryError } from "@tenantry/core";
import { unavailable } from "../failure.ts";

/** Where a Postgres database is, and who asks. No part of it comes from the environment or a password file. */
export interface PostgresConnection {
  /** The name or address of its machine, or the folder of its socket. */
  readonly host: string;
  /** Defaults to 5432. */
  readonly port?: number | undefined;
  readonly database: string;
  readonly user: string;
  /** A function is asked at each connection. */
  readonly password?: string | Secret | (() => string | Secret | Promise<string | Secret>) | undefined;
  /** Whether to use TLS and which certificates to trust; defaults to no TLS. */
  readonly ssl?: boolean | ConnectionOptions | undefined;
}

/** A checked connection. */
export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: () => Promise<string>;
  readonly ssl: boolean | ConnectionOptions;
}

/** Checks where to connect to; throws `CONFIG_INVALID`, without the text, which holds a password. */
export function connectOptions(connection: string | PostgresConnection): ConnectOptions {
  const given = typeof connection === "string" ? parse(connection) : connection;
  const { host, port = 5432, database, user, password = "", ssl = false } = given;
  for (const [name, text] of Object.entries({ host, database, user })) {
    if (typeof text !== "string" || text === "" || text.includes("\0")) throw refuse(`it has no ${name}`);
  }
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw refuse("its port is none");
  // The driver writes to what it is given.
  const ownSsl = typeof ssl === "object" ? { ...ssl } : ssl;
  return { host, port, database, user, ssl: ownSsl, password: async () => reveal(password) };
}

async function reveal(password: NonNullable<PostgresConnection["password"]>): Promise<string> {
  const text: unknown = typeof password === "function" ? await ask(password) : password;
  if (typeof text === "string") return text;
  if (text instanceof Secret) return text.reveal();
  throw new TenantryError(
    "CONFIG_INVALID",
    "The password of Postgres is no text; let its function give one.",
  );
}

/** What the host's own function throws may quote a secret, and is not told. */
async function ask(password: () => unknown): Promise<unknown> {
  try {
    return await password();
  } catch {
    const why =
      "The function that gives the password of Postgres has failed; look at what it asks, or try again.";
    throw unavailable(why, { retryable: true });
  }
}

function parse(text: string): PostgresConnection {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "postgres:" && url?.protocol !== "postgresql:") {
    throw refuse("it is no URL like postgres://user:password@host/database");
  }
  const [host] = url.searchParams.getAll("host");
  for (const name of url.searchParams.keys()) {
    if (name !== "sslmode" && name !== "host") {
      throw refuse(`its parameter ${quote(name)} is not one that is used; give an object instead of a URL`);
    }
  }
  return {
    // The brackets of an IPv6 address belong to the URL.
    host: host ?? decode(url.hostname).replace(/^\[(.*)\]$/u, "$1"),
    ...(url.port !== "" && { port: Number(url.port) }),
    database: decode(url.pathname.slice(1)),
    user: decode(url.username),
    password: decode(url.password),
    ssl: sslOf(url.searchParams.get("sslmode")),
  };
}

/** `prefer` and `allow` would go on without TLS where somebody in between asks for it. */
function sslOf(mode: string | null): boolean | ConnectionOptions {
  switch (mode) {
    case null:
    case "disable":
      return false;
    case "require":
    case "verify-full":
      return true;
    case "no-verify":
      return { rejectUnauthorized: false };
    default:
      throw refuse("its sslmode is not one of disable, require, verify-full and no-verify");
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse("a part of it is not percent-encoded");
  }
}

function refuse(why: string): TenantryError {
  return new TenantryError("CONFIG_INVALID", `The connection to Postgres cannot be used: ${why}.`);
}
