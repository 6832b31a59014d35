import type { WorkspaceClient } from "@tenantry/core";
import type { Parts, Visit } from "../eras/parts.ts";
import { ChangeStream } from "./change-stream.ts";
import { Watched } from "./watched.ts";

/** The stream on which a client of the legacy era hears of changes (MCP 2025-11-25, listening for messages). */
export class SessionStream {
  readonly #stream: ChangeStream;
  readonly #watched: Watched;

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
    this.#watched = new Watched(this.#stream.changes);
    this.#stream.changes.hearLater({ tools: true, prompts: true, resources: true });
    for (const uri of watched) this.watch(uri).catch(() => {});
  }

  /** The answer that carries it. */
  get response(): Response {
    return this.#stream.response;
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
    this.#stream.end();
  }
}
