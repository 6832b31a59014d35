import type { GatewayLimits } from "../limits.ts";
import { invalidParams } from "../wire/failure.ts";
import type { Changes } from "./changes.ts";

/** The resources that one client watches, each heard of until it is not to be any more. */
export class Watched {
  readonly #changes: Changes;
  readonly #endings = new Map<string, AbortController>();

  constructor(changes: Changes) {
    this.#changes = changes;
  }

  /** How many there are. */
  get size(): number {
    return this.#endings.size;
  }

  has(uri: string): boolean {
    return this.#endings.has(uri);
  }

  /** Tells of a resource's changes too, until it is not to any more; rejects where there is no such resource. */
  async watch(uri: string): Promise<void> {
    if (this.#endings.has(uri)) return;
    const ending = new AbortController();
    this.#endings.set(uri, ending);
    try {
      await this.#changes.hear({ watched: [uri] }, ending.signal);
    } catch (failure) {
      if (ending.signal.aborted) return;
      this.#endings.delete(uri);
      throw failure;
    }
  }

  /** Tells of a resource's changes no more. */
  unwatch(uri: string): void {
    this.#endings.get(uri)?.abort();
    this.#endings.delete(uri);
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
