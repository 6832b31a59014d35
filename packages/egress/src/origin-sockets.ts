import type { Socket } from "node:net";
import type { Client } from "undici";
import { Attempt, type AttemptListener } from "./attempt.ts";
import type { EgressLimits } from "./limits.ts";
import { closedError, type Answer, type Hop } from "./transport.ts";

/** What the sockets to one origin are made with. */
export interface OriginSocketsOptions {
  readonly limits: EgressLimits;
  /** Makes one of undici's clients: one keep-alive socket, which is opened when it is needed, and `opened` is told of. */
  readonly open: (opened: (socket: Socket) => void) => Client;
  /** Is called when the last request is over. */
  readonly quiet: () => void;
  /** Is called when the last socket is gone. */
  readonly unused: () => void;
}

/** One keep-alive socket, or what opens it. */
interface Lane {
  readonly client: Client;
  /** The last one that was opened. */
  socket: Socket | undefined;
  /** Whether its socket has been used again after an answer, so that the server is known to keep it. */
  proven: boolean;
}

/**
 * The keep-alive sockets to one origin, each with one request at a time. Undici's own pool does not lend a socket again
 * before the next turn of the event loop, and opens another one, with all its handshakes, for a request that comes
 * before; here that request takes the warm one.
 */
export class OriginSockets implements AttemptListener {
  readonly #options: OriginSocketsOptions;
  readonly #lanes = new Set<Lane>();
  /** The last one used is the first one lent, so that those beyond the need run out of time and close. */
  readonly #idle: Lane[] = [];
  readonly #busy = new Map<Attempt, Lane>();
  readonly #waiting = new Set<Attempt>();
  /** How many are about to be idle. */
  #resting = 0;
  #requests = 0;

  constructor(options: OriginSocketsOptions) {
    this.#options = options;
  }

  /** Requests that are not over. */
  get requests(): number {
    return this.#requests;
  }

  /** Sockets that are connected. */
  get connected(): number {
    let count = 0;
    for (const { client } of this.#lanes) if (client.stats.connected) count++;
    return count;
  }

  send(hop: Hop): Promise<Answer> {
    return new Promise<Answer>((answered, failed) => {
      this.#requests++;
      const attempt = new Attempt(hop, this.#options.limits, this, answered, failed);
      const lane = this.#idle.pop() ?? (this.#waiting.size < this.#resting ? undefined : this.#open());
      if (lane === undefined) this.#waiting.add(attempt);
      else this.#lend(lane, attempt);
    });
  }

  left(attempt: Attempt): void {
    this.#waiting.delete(attempt);
  }

  /** Undici is in the middle of ending a request here, and can take no other one until that is done. */
  freed(attempt: Attempt): void {
    const lane = this.#busy.get(attempt);
    if (lane === undefined) return;
    this.#busy.delete(attempt);
    // A server that answers before it has read the request may take the rest of it for another one, and then what
    // the next request gets here is not its own answer.
    if (lane.socket !== undefined && lane.socket.writableLength > 0) lane.socket.destroy();
    if (lane.proven && this.#waiting.size === 0) {
      this.#idle.push(lane);
      return;
    }
    this.#resting++;
    // A server that closes right after its answer, without having said so, is seen to in one turn of the event loop.
    // One that has kept the socket before is taken at its word.
    if (lane.proven) queueMicrotask(() => this.#rested(lane));
    else setImmediate(() => this.#rested(lane));
    lane.proven = true;
  }

  over(): void {
    if (--this.#requests === 0) this.#options.quiet();
  }

  /** Ends every socket and every request. */
  async end(): Promise<void> {
    for (const attempt of this.#waiting) attempt.onResponseError(null, closedError());
    this.#waiting.clear();
    await Promise.all(Array.from(this.#lanes, ({ client }) => client.destroy()));
  }

  #lend(lane: Lane, attempt: Attempt): void {
    this.#busy.set(attempt, lane);
    lane.client.dispatch(attempt.options, attempt);
  }

  #rested(lane: Lane): void {
    this.#resting--;
    const [next] = this.#waiting;
    if (next !== undefined) {
      this.#waiting.delete(next);
      this.#lend(lane, next);
    } else if (lane.client.stats.connected) {
      this.#idle.push(lane);
    } else {
      this.#remove(lane);
    }
  }

  #open(): Lane | undefined {
    if (this.#lanes.size >= this.#options.limits.maxSocketsPerOrigin) return undefined;
    const client = this.#options.open((socket) => (lane.socket = socket));
    const lane: Lane = { client, socket: undefined, proven: false };
    this.#lanes.add(lane);
    const lost = () => this.#lost(lane);
    client.on("disconnect", lost).on("connectionError", lost);
    return lane;
  }

  #lost(lane: Lane): void {
    lane.proven = false;
    const index = this.#idle.indexOf(lane);
    if (index === -1) return;
    this.#idle.splice(index, 1);
    this.#remove(lane);
  }

  /** A client without a socket is kept only where somebody has a request for it. */
  #remove(lane: Lane): void {
    this.#lanes.delete(lane);
    if (!lane.client.destroyed) void lane.client.close();
    if (this.#lanes.size === 0) this.#options.unused();
  }
}
