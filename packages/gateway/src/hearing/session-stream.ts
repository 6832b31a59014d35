import type { WorkspaceClient } from "@tenantry/core";
import type { Parts, Visit } from "../eras/parts.ts";
import { ChangeStream } from "./change-stream.ts";

/** The stream on which a client of the legacy era hears of changes (MCP 2025-11-25, listening for messages). */
export class SessionStream {
  readonly #stream: ChangeStream;
  readonly #watched = new Map<string, AbortController>();

  /** Throws where the principal has too many streams; `onOver` is told once when this one is over. */
  constructor(
    parts: Parts,
    visit: Visit,
    client: WorkspaceClient,
    watched: Iterable<string>,
    onOver: () => void,
  ) {
    const messageOf = (change: object) => ({ jsonrpc: "2.0", ...change });
    this.#stream = new ChangeStream(parts, visit, { client, refusal: 429, messageOf, onOver });
    this.#stream.changes.hearLater({ tools: true, prompts: true, resources: true });
    for (const uri of watched) this.watch(uri).catch(() => {});
  }

  /** The answer that carries it. */
  get response(): Response {
    return this.#stream.response;
  }

  /** Tells of a resource's changes too, until it is not to any more; rejects where there is no such resource. */
  async watch(uri: string): Promise<void> {
    if (this.#watched.has(uri)) return;
    const ending = new AbortController();
    this.#watched.set(uri, ending);
    try {
      await this.#stream.changes.hear({ watched: [uri] }, ending.signal);
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
    this.#stream.end();
  }
}
