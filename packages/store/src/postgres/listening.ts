import type pg from "pg";
import type { Clock, Timer } from "@tenantry/core";
import { channel } from "./notice.ts";
import type { Sockets } from "./sockets.ts";

/** The first and the longest pause before a lost connection is opened again, in milliseconds. */
const pausesMs = [100, 10_000] as const;
/** How often a silent connection is asked whether it is still there, in milliseconds. */
const heartbeatMs = 30_000;

interface ListeningOptions {
  readonly clock: Clock;
  /** Where its clients have their sockets from. */
  readonly sockets: Sockets;
  readonly createClient: () => pg.Client;
  /** Called whenever the listening begins, the first time included: what was sent before it has not been heard. */
  readonly onListening: () => void;
  readonly onPayload: (payload: string | undefined) => void;
}

/** A connection that hears of changes, opened anew until it is ended. It does not keep the process alive. */
export class Listening {
  readonly #options: ListeningOptions;
  #client: pg.Client | undefined;
  #timer: Timer | undefined;
  #failures = 0;
  #isEnded = false;
  #isListening = false;

  constructor(options: ListeningOptions) {
    this.#options = options;
    void this.#connect();
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    this.#timer?.cancel();
    const client = this.#client;
    this.#client = undefined;
    // Nobody is there to say goodbye to before.
    if (!this.#isListening) this.destroy();
    if (client) await endQuietly(client);
  }

  /** Ends what is left of its connections. */
  destroy(): void {
    this.#options.sockets.destroy();
  }

  async #connect(): Promise<void> {
    const client = this.#options.createClient();
    this.#client = client;
    client.on("error", () => this.#lose(client));
    client.on("end", () => this.#lose(client));
    client.on("notification", ({ payload }) => {
      if (client === this.#client) this.#options.onPayload(payload);
    });
    try {
      await client.connect();
      unref(client);
      await client.query(`listen ${channel}`);
      if (client !== this.#client) return;
      this.#failures = 0;
      this.#isListening = true;
      this.#options.onListening();
      this.#beat(client);
    } catch {
      this.#lose(client);
    }
  }

  /** Where a network drops packets, a connection that only listens would never learn of its end. */
  #beat(client: pg.Client): void {
    this.#timer = this.#options.clock.after(heartbeatMs, () => {
      client.query("select 1").then(
        () => {
          if (client === this.#client) this.#beat(client);
        },
        () => this.#lose(client),
      );
    });
  }

  #lose(client: pg.Client): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    this.#isListening = false;
    this.#timer?.cancel();
    void endQuietly(client);
    this.destroy();
    if (this.#isEnded) return;
    const [first, longest] = pausesMs;
    const pauseMs = Math.min(first * 2 ** this.#failures++, longest) * (0.5 + Math.random() / 2);
    this.#timer = this.#options.clock.after(pauseMs, () => void this.#connect());
  }
}

/** The driver has it, and its types do not. */
function unref(client: pg.Client & { unref?(): void }): void {
  client.unref?.();
}

async function endQuietly(client: pg.Client): Promise<void> {
  try {
    await client.end();
  } catch {
    // It has ended already.
  }
}
