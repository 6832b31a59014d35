import {
  quote,
  TenantryError,
  type CallToolOptions,
  type CallToolResult,
  type Context,
  type ListOptions,
  type Principal,
  type ServerStatus,
  type ToolAddress,
  type ToolListing,
  type WorkspaceClient,
} from "@tenantry/core";
import { jsonArguments } from "./arguments.ts";
import { askAll, listingOf, statusOf } from "./catalog.ts";
import { checkOptions } from "./request-options.ts";
import { routeOf, type Routing } from "./routing.ts";
import type { ServerListing } from "./server-listing.ts";
import { ToolCall } from "./tool-call.ts";
import type { Candidate } from "./tool-lookup.ts";
import { couldOwn } from "./tool-name.ts";

/**
 * One principal's view over all servers of a workspace. It keeps nothing open, and nobody who has it can make it
 * another principal's.
 */
export class WorkspaceView implements WorkspaceClient {
  readonly #principal: Principal;
  readonly #context: Context;
  readonly #routing: Routing;
  /** By server, for as long as somebody has this view: a route is the same for every call. */
  readonly #known = new Map<ServerListing, Candidate>();

  static {
    // What an object inherits is as good as its own: a changed method here would be every user's.
    Object.freeze(this.prototype);
  }

  constructor(routing: Routing, principal: Principal, context: Context) {
    this.#routing = routing;
    this.#principal = principal;
    this.#context = Object.freeze({ ...context });
    Object.freeze(this);
  }

  get principal(): Principal {
    return this.#principal;
  }

  async listTools(options: ListOptions = {}): Promise<ToolListing> {
    return listingOf(await askAll(this.#routing, (listing) => this.#candidate(listing).route, options));
  }

  async servers(options: ListOptions = {}): Promise<readonly ServerStatus[]> {
    return (await askAll(this.#routing, (listing) => this.#candidate(listing).route, options)).map(statusOf);
  }

  async callTool(
    tool: ToolAddress,
    args: object = {},
    options: CallToolOptions = {},
  ): Promise<CallToolResult> {
    checkOptions(options);
    options.signal?.throwIfAborted();
    checkAddress(tool);
    const json = jsonArguments(args, this.#routing.limits);
    const [first, ...others] = this.#candidates(tool);
    if (first === undefined) throw unknownTool(tool);
    const call = new ToolCall(this.#routing, {
      args: json,
      options,
      timeoutMs: options.timeoutMs ?? this.#defaultTimeoutMs([first, ...others]),
      ...(others.length === 0 ? { server: first.route.target.server.id } : {}),
      unknown: () => unknownTool(tool),
    });
    if (typeof tool === "string") return call.byName([first, ...others], tool);
    return call.byPlace({ candidate: first, tool: tool.tool });
  }

  #candidates(tool: ToolAddress): readonly Candidate[] {
    const isMeant = ({ server: { ref } }: ServerListing) =>
      typeof tool === "string" ? couldOwn(ref.id, tool) : ref.id === tool.server;
    return this.#routing.listings.filter(isMeant).map((listing) => this.#candidate(listing));
  }

  #candidate(listing: ServerListing): Candidate {
    let candidate = this.#known.get(listing);
    if (candidate === undefined) {
      candidate = { listing, route: routeOf(listing.server, this.#principal, this.#context) };
      this.#known.set(listing, candidate);
    }
    return candidate;
  }

  #defaultTimeoutMs(candidates: readonly Candidate[]): number {
    const { callTimeoutMs } = this.#routing.limits;
    return Math.max(...candidates.map(({ listing }) => listing.server.timeoutMs ?? callTimeoutMs));
  }
}

function checkAddress(tool: unknown): asserts tool is ToolAddress {
  if (typeof tool === "string") return;
  if (typeof tool === "object" && tool !== null && "server" in tool && "tool" in tool) {
    if (typeof tool.server === "string" && typeof tool.tool === "string") return;
  }
  const expected = "a name from listTools() or { server, tool }";
  throw new TenantryError(
    "ARGUMENT_INVALID",
    `The tool of a call is neither text nor an address; give ${expected}.`,
  );
}

/** One wording, whether the server, the tool or the permission is what is missing. */
function unknownTool(tool: ToolAddress): TenantryError {
  const name =
    typeof tool === "string" ? quote(tool) : `${quote(tool.tool)} of the server ${quote(tool.server)}`;
  return new TenantryError("TOOL_UNKNOWN", `There is no tool ${name} here; use one that listTools() gives.`);
}
