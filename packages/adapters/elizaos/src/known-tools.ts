import { AsyncLocalStorage } from "node:async_hooks";
import { TenantryError, type Clock, type UnavailableServer } from "@tenantry/core";
import type { OfferedTools } from "@tenantry/core/adapter";
import type { MessageTool } from "./tool-actions.ts";

/** Tools by the names of their actions, and which servers are missing. */
export interface ToolList {
  readonly tools: ReadonlyMap<string, MessageTool>;
  readonly unavailable: readonly UnavailableServer[];
}

/** How long a list is good, in milliseconds: one that has all servers, and one that lacks some. */
const completeMs = 60_000;
const incompleteMs = 10_000;

/** How the tools of everybody are listed. */
export interface KnownToolsOptions {
  readonly clock: Clock;
  readonly list: () => Promise<OfferedTools<readonly MessageTool[]>>;
  /** Is told of every list, before anybody is shown it. */
  readonly onListed: (list: ToolList) => void;
  /** Hears why servers are missing, each reason once in a row. */
  readonly warn: (message: string) => void;
}

/** The tools of everybody, as they were last listed: whoever asks is told at once, and what is old is listed anew meanwhile. */
export class KnownTools {
  readonly #options: KnownToolsOptions;
  /** What is listed is everybody's: not the request of the user who happens to ask. */
  readonly #outside = AsyncLocalStorage.snapshot();
  #list: ToolList = { tools: new Map(), unavailable: [] };
  #listedAt = Number.NEGATIVE_INFINITY;
  #listing: Promise<void> | undefined;

  constructor(options: KnownToolsOptions) {
    this.#options = options;
  }

  latest(): ToolList {
    const age = this.#options.clock.now() - this.#listedAt;
    if (age >= (this.#list.unavailable.length === 0 ? completeMs : incompleteMs)) void this.refresh();
    return this.#list;
  }

  /** Lists the tools, once for all who ask meanwhile. Rejects with nothing. */
  refresh(): Promise<void> {
    return (this.#listing ??= this.#outside(() => this.#refresh()).finally(
      () => (this.#listing = undefined),
    ));
  }

  async #refresh(): Promise<void> {
    const { list, onListed, warn, clock } = this.#options;
    const before = new Set(this.#list.unavailable.map(({ error }) => error.message));
    try {
      this.#list = byName(await list());
      onListed(this.#list);
      for (const { error } of this.#list.unavailable) if (!before.has(error.message)) warn(error.message);
    } catch (error) {
      warn(error instanceof TenantryError ? error.message : "The tools could not be listed.");
    }
    this.#listedAt = clock.now();
  }
}

/** A list by the names of its tools. */
export function byName({ tools, unavailable }: OfferedTools<readonly MessageTool[]>): ToolList {
  return { tools: new Map(tools.map((one) => [one.tool.name, one])), unavailable };
}
