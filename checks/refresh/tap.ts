import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** A moment in what one process says to its database, at which its connection is held. */
export interface Stop {
  /** What the process has to say first, and what of that it has to be answered. */
  readonly says: RegExp;
  readonly hears?: RegExp;
  /** What it has to say after that, on the same connection. */
  readonly thenSays?: RegExp;
  /** `statement`: the last of it does not reach the database; `answer`: the database does it, and the process is not told. */
  readonly holds: "statement" | "answer";
  /** Asked at the moment itself; only who is told `true` is held. */
  claim(): boolean;
}

/** Opens a way to the database. */
export async function openTap(database: string): Promise<Tap> {
  const tap = new Tap(database);
  await tap.listen();
  return tap;
}

/** The way of one process to its database, on which the process can be held at an exact moment. */
export class Tap implements AsyncDisposable {
  readonly #server: Server;
  readonly #database: URL;
  readonly #sockets = new Set<Socket>();
  /** At which moment the process is held; `undefined`: at none. */
  stop: Stop | undefined;
  /** Whether the process has the lease, as far as it was told. */
  hasLease = false;

  constructor(database: string) {
    this.#database = new URL(database);
    this.#server = createServer((client) => this.#join(client));
  }

  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** The database's address, by this way. */
  get url(): string {
    const url = new URL(this.#database);
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(client: Socket): void {
    const database = connect(Number(this.#database.port), this.#database.hostname);
    const watch = new ConnectionWatch();
    for (const [from, to] of [
      [client, database],
      [database, client],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on("data", (chunk) => {
        const text = chunk.toString("latin1");
        watch.pass(text, from === client ? "statement" : "answer", this.stop);
        if (watch.isHeld) return;
        this.#note(text, watch);
        to.write(chunk);
      });
      // Whoever dies takes the other side along.
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }

  #note(text: string, watch: ConnectionWatch): void {
    if (endsLease.test(text)) this.hasLease = false;
    if (takesLease.test(text)) watch.asksForLease = true;
    else if (watch.asksForLease && givesLease.test(text)) {
      this.hasLease = true;
      watch.asksForLease = false;
    }
  }
}

/** How a process asks for a lease, is given it, and gives it back. */
export const takesLease = /insert into tenantry_leases/u;
export const givesLease = /INSERT 0 1/u;
const endsLease = /update tenantry_leases set ttl_ms = 0/u;

/** What a process writes before it sends a refresh token; the row's token is sealed, the rest of it is not. */
export const writesIntent = /"kind":"grant".*"intent"/su;
/** What it writes when it has been answered, or has not sent it. */
export const writesGrant = /"kind":"grant"(?!.*"intent")/su;

/** How far one connection has come towards a stop. */
class ConnectionWatch {
  isHeld = false;
  asksForLease = false;
  #stop: Stop | undefined;
  #awaits: "says" | "hears" | "thenSays" | "answer" = "says";

  pass(text: string, side: "statement" | "answer", stop: Stop | undefined): void {
    if (stop !== this.#stop) {
      this.#stop = stop;
      this.#awaits = "says";
    }
    if (this.isHeld || stop === undefined) return;
    const isReached = side === "statement" ? this.#said(text, stop) : this.#heard(text, stop);
    if (!isReached) return;
    this.isHeld = stop.claim();
    this.#awaits = "says";
  }

  /** Whether the moment is now, before the statement has gone on. */
  #said(text: string, { says, hears, thenSays, holds }: Stop): boolean {
    if (this.#awaits === "says" && says.test(text)) {
      if (hears) this.#awaits = "hears";
      else if (thenSays) this.#awaits = "thenSays";
      else if (holds === "answer") this.#awaits = "answer";
      else return true;
    } else if (this.#awaits === "thenSays" && thenSays?.test(text)) {
      if (holds === "statement") return true;
      this.#awaits = "answer";
    }
    return false;
  }

  /** Whether the moment is now, before the process has its answer. */
  #heard(text: string, { hears, thenSays }: Stop): boolean {
    if (this.#awaits === "answer") return true;
    if (this.#awaits === "hears")
      this.#awaits = hears?.test(text) ? (thenSays ? "thenSays" : "answer") : "says";
    return false;
  }
}
