import type { WorkspaceClient } from "@tenantry/core";
import type { Parts } from "../eras/parts.ts";
import { EventStream } from "../wire/event-stream.ts";
import { Changes } from "./changes.ts";
import { Watched } from "./watched.ts";

/** The stream on which a client of the legacy era hears of changes (MCP 2025-11-25, listening for messages). */
export class SessionStream {
  readonly stream: EventStream;
  readonly #changes: Changes;
  readonly #watched: Watched;
  readonly #onOver: () => void;

  constructor(
    { clock, limits }: Parts,
    client: WorkspaceClient,
    watched: Iterable<string>,
    onOver: () => void,
  ) {
    this.#onOver = onOver;
    this.stream = new EventStream({ clock, ...limits, onLeave: () => this.#over() });
    const tell = (change: object) => this.stream.send({ jsonrpc: "2.0", ...change });
    this.#changes = new Changes({ client, clock, gatherMs: limits.gatherMs, tell });
    this.#watched = new Watched(this.#changes);
    this.#changes.hearLater({ tools: true, prompts: true, resources: true });
    for (const uri of watched) this.watch(uri).catch(() => {});
  }

  /** Tells of a resource's changes too, until it is not to any more; rejects where there is no such resource. */
  watch(uri: string): Promise<void> {
    return this.#watched.watch(uri);
  }

  /** Tells of a resource's changes no more. */
  unwatch(uri: string): void {
    this.#watched.unwatch(uri);
  }

  end(): void {
    if (!this.stream.isOpen) return;
    this.stream.end();
    this.#over();
  }

  #over(): void {
    this.#changes.close();
    this.#onOver();
  }
}
