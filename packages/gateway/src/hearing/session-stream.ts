import type { WorkspaceClient } from "@tenantry/core";
import type { Parts } from "../eras/parts.ts";
import { EventStream } from "../wire/event-stream.ts";
import { Changes } from "./changes.ts";

/** The stream on which a client of the legacy era hears of changes (MCP 2025-11-25, listening for messages). */
export class SessionStream {
  readonly stream: EventStream;
  readonly #changes: Changes;
  readonly #watched = new Map<string, AbortController>();
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
    this.#changes.hearLater({ tools: true, prompts: true, resources: true });
    for (const uri of watched) this.watch(uri).catch(() => {});
  }

  /** Tells of a resource's changes too, until it is not to any more; rejects where there is no such resource. */
  async watch(uri: string): Promise<void> {
    if (this.#watched.has(uri)) return;
    const ending = new AbortController();
    this.#watched.set(uri, ending);
    try {
      await this.#changes.hear({ watched: [uri] }, ending.signal);
    } catch (failure) {
      if (ending.signal.aborted) return;
      this.#watched.delete(uri);
      throw failure;
    }
  }

  /** Tells of a resource's changes no more. */
  unwatch(uri: string): void {
    this.#watched.get(uri)?.abort();
    this.#watched.delete(uri);
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
