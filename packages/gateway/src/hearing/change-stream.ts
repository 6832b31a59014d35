import type { Timer, WorkspaceClient } from "@tenantry/core";
import type { Parts, Visit } from "../eras/parts.ts";
import type { Ending } from "../exchange/endings.ts";
import { EventStream, streamResponse } from "../wire/event-stream.ts";
import { Refused } from "../wire/failure.ts";
import { Changes, type Change } from "./changes.ts";

/** How a client's era has it hear of changes. */
export interface ChangeStreamOptions {
  readonly client: WorkspaceClient;
  /** The HTTP status of the refusal where its principal has too many streams. */
  readonly refusal: 200 | 429;
  /** The message that tells of a change. */
  readonly messageOf: (change: Change) => object;
  /** What is said when the stream is ended here; nothing where absent. */
  readonly farewell?: object;
  /** Is told once when the stream is over. */
  readonly onOver?: () => void;
}

/**
 * One stream on which a client hears of changes: within the bound of its principal, and for a limited time, because what
 * its client has said of itself is asked only when a request comes. Throws where the principal has too many.
 */
export class ChangeStream implements Ending {
  readonly changes: Changes;
  readonly #parts: Parts;
  readonly #visit: Visit;
  readonly #options: ChangeStreamOptions;
  readonly #events: EventStream;
  readonly #age: Timer;
  #isOver = false;

  constructor(parts: Parts, visit: Visit, options: ChangeStreamOptions) {
    const { clock, limits, streams, open } = parts;
    if (!streams.enter(visit.owner))
      throw new Refused({ status: options.refusal, code: -32_000, message: "Too many streams are open." });
    this.#parts = parts;
    this.#visit = visit;
    this.#options = options;
    this.#events = new EventStream({ clock, ...limits, onLeave: () => this.#over() });
    this.#age = clock.after(limits.streamMs, () => this.end());
    const tell = (change: Change) => this.send(options.messageOf(change));
    this.changes = new Changes({ client: options.client, clock, gatherMs: limits.gatherMs, tell });
    visit.request.signal.addEventListener("abort", this.leave, { once: true });
    open.add(this);
  }

  /** The answer that carries the stream. */
  get response(): Response {
    return streamResponse(this.#events);
  }

  send(message: object): void {
    this.#events.send(message);
  }

  /** Ends it, after what has been said; its client may come back. */
  end(): void {
    if (this.#isOver) return;
    if (this.#options.farewell !== undefined) this.send(this.#options.farewell);
    this.#events.end();
    this.#over();
  }

  /** Gives it up: its client has left. */
  readonly leave = (): void => this.#events.leave();

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { streams, open } = this.#parts;
    const { owner, request } = this.#visit;
    this.#age.cancel();
    this.changes.close();
    open.delete(this);
    // What its client has not read yet takes room.
    this.#events.whenRead(() => {
      streams.leave(owner);
      request.signal.removeEventListener("abort", this.leave);
    });
    this.#options.onOver?.();
  }
}
