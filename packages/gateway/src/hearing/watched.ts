import type { GatewayLimits } from "../limits.ts";
import { invalidParams } from "../wire/failure.ts";
import type { Changes } from "./changes.ts";

/** One resource that is watched. */
interface Watch {
  readonly ending: AbortController;
  /** Settles when it is heard of, or cannot be. */
  readonly heard: Promise<void>;
  /** How many requests want it, those apart that were taken back. */
  wanted: number;
}

/** The resources that one client watches, each heard of until it is not to be any more. */
export class Watched {
  readonly #changes: Changes;
  readonly #watches = new Map<string, Watch>();

  constructor(changes: Changes) {
    this.#changes = changes;
  }

  /** How many there are. */
  get size(): number {
    return this.#watches.size;
  }

  has(uri: string): boolean {
    return this.#watches.has(uri);
  }

  /**
   * Tells of a resource's changes too, until it is not to any more, or until every request that wants it was taken back while
   * its server was asked. Rejects where there is no such resource.
   */
  async watch(uri: string, signal?: AbortSignal): Promise<void> {
    const watch = this.#watches.get(uri) ?? this.#begin(uri);
    watch.wanted++;
    await watch.heard;
    if (!signal?.aborted || --watch.wanted > 0) return;
    if (this.#watches.get(uri) === watch) this.unwatch(uri);
  }

  /** Tells of a resource's changes no more. */
  unwatch(uri: string): void {
    this.#watches.get(uri)?.ending.abort();
    this.#watches.delete(uri);
  }

  #begin(uri: string): Watch {
    const ending = new AbortController();
    const heard = this.#changes.hear({ watched: [uri] }, ending.signal).catch((failure: unknown) => {
      if (ending.signal.aborted) return;
      this.#watches.delete(uri);
      throw failure;
    });
    const watch: Watch = { ending, heard, wanted: 0 };
    this.#watches.set(uri, watch);
    return watch;
  }
}

/** Checks that one more resource may be watched beside those that are; throws with -32602. */
export function checkWatch(
  uri: unknown,
  watched: Pick<ReadonlySet<string>, "has" | "size"> | undefined,
  { maxWatched, maxWatchedCharacters }: Pick<GatewayLimits, "maxWatched" | "maxWatchedCharacters">,
): asserts uri is string {
  if (typeof uri !== "string" || uri.length > maxWatchedCharacters)
    throw invalidParams(`uri is text of at most ${maxWatchedCharacters} characters.`);
  if (watched !== undefined && !watched.has(uri) && watched.size >= maxWatched)
    throw invalidParams("Too many resources are watched.");
}
