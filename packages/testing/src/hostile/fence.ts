import { isIP, Socket, type LookupFunction } from "node:net";
import type { HostilePlan } from "./case.ts";

/** What `net.connect` gives a socket to dial with. */
interface DialOptions {
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
  readonly lookup?: LookupFunction;
}

type Connect = (this: Socket, ...given: unknown[]) => Socket;

/** Whoever dials does it by this method: `net.connect`, `tls.connect`, `fetch` and undici alike. */
const sockets = Socket.prototype as { connect: Connect };

/**
 * Stands between a client and every network but this machine's own: names resolve as the plan says, an address of the
 * public internet is a port of 127.0.0.1, and any other is refused. It works for every client whose sockets are Node's.
 */
export class Fence {
  readonly dialled: string[] = [];
  readonly resolved: string[] = [];
  readonly #plan: Pick<HostilePlan, "hosts" | "routes">;
  readonly #asked = new Map<string, number>();
  #lower = () => {};

  constructor(plan: Pick<HostilePlan, "hosts" | "routes">) {
    this.#plan = plan;
  }

  /** Takes every socket of this process under its care, until it is lowered. */
  raise(): void {
    const { connect } = sockets;
    const guard = (socket: Socket, given: unknown[]) => this.#guard(socket, given, connect);
    let raised = true;
    function guarded(this: Socket, ...given: unknown[]): Socket {
      return raised ? guard(this, given) : connect.apply(this, given);
    }
    sockets.connect = guarded;
    this.#lower = () => {
      raised = false;
      // Another fence may have been raised since; then this one stays beneath it and does nothing.
      if (sockets.connect === guarded) sockets.connect = connect;
    };
  }

  lower(): void {
    this.#lower();
  }

  /** Resolves as the plan says, each time the next answer; rejects as a resolver does for a name that there is not. */
  async lookup(hostname: string): Promise<readonly string[]> {
    const name = hostname.toLowerCase();
    if (/(^|\.)localhost\.?$/u.test(name)) return ["127.0.0.1"];
    this.resolved.push(name);
    const answers = this.#plan.hosts[name.replace(/\.$/u, "")] ?? [];
    const asked = this.#asked.get(name) ?? 0;
    this.#asked.set(name, asked + 1);
    const answer = answers[Math.min(asked, answers.length - 1)];
    if (answer === undefined) throw failure("ENOTFOUND", `There is no ${name}.`);
    return answer;
  }

  #guard(socket: Socket, given: unknown[], connect: Connect): Socket {
    const [options, connected] = dialOptionsOf(given);
    if (options === undefined || options.path !== undefined) return connect.apply(socket, given);
    void this.#dial(options).then(
      (allowed) => {
        if (!socket.destroyed) connect.call(socket, { ...options, ...allowed }, connected);
      },
      (refusal: Error) => socket.destroy(refusal),
    );
    return socket;
  }

  async #dial({
    host = "localhost",
    port = 0,
    lookup,
  }: DialOptions): Promise<{ host: string; port: number }> {
    const name = host.replace(/^\[|\]$/gu, "");
    const [address] = isIP(name) !== 0 ? [name] : await this.#addressesOf(name, lookup);
    if (address === undefined) throw failure("ENOTFOUND", `There is no ${name}.`);
    this.dialled.push(isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`);
    const route = this.#plan.routes[address];
    if (route !== undefined) return { host: "127.0.0.1", port: route };
    if (!/^(127\.|::1$)/u.test(address))
      throw failure("EHOSTUNREACH", `${address} is not on this machine, and is not dialled from a test.`);
    return { host: address, port };
  }

  /** By the client's own resolver, where it has one: what that checks is what is dialled. */
  #addressesOf(name: string, lookup: LookupFunction | undefined): Promise<readonly string[]> {
    if (lookup === undefined) return this.lookup(name);
    return new Promise((resolve, reject) =>
      lookup(name, { all: true }, (problem, found) => {
        if (problem) reject(problem);
        else resolve(typeof found === "string" ? [found] : found.map(({ address }) => address));
      }),
    );
  }
}

/** The ways to call `connect`: with options or a port, and from within Node with an array of both. */
function dialOptionsOf(given: readonly unknown[]): readonly [DialOptions | undefined, unknown?] {
  const [first, second, third] = Array.isArray(given[0]) ? (given[0] as readonly unknown[]) : given;
  if (typeof first === "object" && first !== null) return [first, second];
  if (typeof first !== "number") return [undefined];
  return typeof second === "string" ? [{ port: first, host: second }, third] : [{ port: first }, second];
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
