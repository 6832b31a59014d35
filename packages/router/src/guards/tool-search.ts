import type { TenantryError, Tool, ToolAddress } from "@tenantry/core";
import { byCatalogName, byOwnName, findPlace, unsent, type Place } from "../calls/find-place.ts";
import type { ItemList } from "../catalog/item-list.ts";
import type { Candidate } from "../routing.ts";
import type { Reach } from "../views/reach.ts";
import { placeAmong } from "./place-among.ts";

/** What is looked for. */
export interface SearchRequest {
  readonly reach: Reach;
  readonly tool: ToolAddress;
  /** The servers that may be meant. */
  readonly candidates: readonly Candidate[];
  /** The error for a tool that there is not, or that this principal must not know of. */
  readonly unknown: () => TenantryError;
}

/** A tool that was found, with its definition as far as that is known. */
export interface Found extends Place {
  readonly definition?: Tool | undefined;
}

/** Finds the tool that a guarded call means, with its definition. */
export class ToolSearch {
  readonly #request: SearchRequest;

  constructor(request: SearchRequest) {
    this.#request = request;
  }

  /**
   * Says where the tool must be, if it is anywhere, without asking its server; `undefined` where that takes its list. Where
   * several servers may have it, their lists settle it, as far as the principal may see them.
   */
  guess(signal: AbortSignal): Found | undefined | Promise<Found> {
    const { reach, tool, candidates, unknown } = this.#request;
    const [only, ...others] = candidates;
    if (only === undefined) throw unknown();
    if (typeof tool === "string" && others.length > 0)
      return placeAmong(reach, "tools", { name: tool, candidates, unknown, signal });
    const definition = this.#known(only);
    const name = typeof tool === "string" ? (definition?.name ?? only.listing.ownToolName(tool)) : tool.tool;
    return name === undefined ? undefined : { candidate: only, name, definition };
  }

  /** Finds the tool in its server's list, and asks for that where it is not known or has changed. */
  async find(place: Place | undefined, signal: AbortSignal): Promise<Found & { readonly definition: Tool }> {
    const { candidates, unknown } = this.#request;
    const candidate = place?.candidate ?? candidates[0];
    if (candidate === undefined) throw unknown();
    const definition = this.#known(candidate) ?? (await this.#ask(candidate, signal));
    if (definition === undefined) throw unknown();
    return { candidate, name: definition.name, definition };
  }

  async #ask(candidate: Candidate, signal: AbortSignal): Promise<Tool | undefined> {
    const { reach, unknown } = this.#request;
    const { catalog, limits } = reach.routing;
    try {
      const known = catalog.known(candidate, "tools");
      if (known !== undefined && known.trouble !== "changed") {
        // A list that does not have it may be old; how often it is asked for then is bounded.
        const search = { kind: "tools", ...this.#pick(), unknown } as const;
        await findPlace(reach.routing, [candidate], search, signal);
        return this.#known(candidate);
      }
      const request = { signal, timeoutMs: limits.listTimeoutMs, fresh: true };
      return this.#in(candidate, (await catalog.list(candidate, "tools", request)).list);
    } catch (failure) {
      signal.throwIfAborted();
      throw unsent(failure, "tools");
    }
  }

  /** The tool as its server described it last, unless that has said since that its list changed. */
  #known(candidate: Candidate): Tool | undefined {
    const known = this.#request.reach.routing.catalog.known(candidate, "tools");
    return known === undefined || known.trouble === "changed" ? undefined : this.#in(candidate, known.list);
  }

  #in({ listing }: Candidate, list: ItemList<"tools">): Tool | undefined {
    const { tool } = this.#request;
    const { places, own } = listing.present(list);
    if (typeof tool !== "string") return own.find(({ name }) => name === tool.tool);
    const at = places.get(tool);
    return at === undefined ? undefined : own[at];
  }

  #pick() {
    const { tool } = this.#request;
    return typeof tool === "string" ? byCatalogName(tool) : byOwnName(tool.tool);
  }
}
