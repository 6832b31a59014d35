import {
  raceAbort,
  TenantryError,
  type CallToolResult,
  type Connection,
  type JsonObject,
} from "@tenantry/core";
import { jsonArguments } from "../calls/arguments.ts";
import type { Place } from "../calls/find-place.ts";
import type { AllowedCall, InterceptedCall } from "../interceptors/interceptor.ts";
import { noHints, type Hints } from "../policy/hints.ts";
import type { Verdict } from "../policy/rules.ts";
import type { Reach } from "../views/reach.ts";
import { checkConnection } from "./check-connection.ts";
import { ToolSearch, type Found, type SearchRequest } from "./tool-search.ts";

/** A call that every guard has let through. */
export interface Admitted {
  readonly place: Place;
  readonly args: JsonObject;
  /** Whether a server whose word is taken says that running the tool twice does no harm. */
  readonly isRepeatable: boolean;
  /** Looks once more, at the connection over which the call is made; rejects with `APPROVAL_REQUIRED`. */
  check(connection: Connection, signal: AbortSignal): Promise<void> | undefined;
}

/** What is asked of the guards. */
export interface GuardedRequest extends SearchRequest {
  readonly args: JsonObject;
}

/**
 * Takes one call of a tool past its workspace's guards: the policy, before anything is resolved that need not be; what has
 * to be approved; quotas; and then the interceptors, around the call itself.
 */
export class ToolGuard {
  readonly #request: GuardedRequest;
  readonly #search: ToolSearch;
  #found: Partial<Found> = {};

  constructor(request: GuardedRequest) {
    this.#request = request;
    this.#search = new ToolSearch(request);
  }

  /** Makes the call by `send`, once it is admitted; a refusal is told to whoever wants to hear of it. */
  async run(
    signal: AbortSignal,
    send: (admitted: Admitted) => Promise<CallToolResult>,
  ): Promise<CallToolResult> {
    const { guards } = this.#request.reach.routing;
    const { found, give } = await this.#admit(signal);
    try {
      signal.throwIfAborted();
      const call = this.#allowedCall(found, signal);
      const running = guards.chain.run(call, (args, changed) => this.#send(found, args, { changed, send }));
      // An interceptor that waits for ever keeps no place beyond the call's deadline.
      return await (guards.chain.wraps ? raceAbort(running, signal) : running);
    } finally {
      give();
    }
  }

  async #admit(signal: AbortSignal) {
    const { reach } = this.#request;
    const { chain, quotas } = reach.routing.guards;
    try {
      const found = await this.#find(signal);
      await this.#approve(found);
      const tool = { server: found.candidate.listing.ref.id, tool: found.name };
      return { found, give: await quotas.take({ principal: reach.principal, ...tool }) };
    } catch (failure) {
      if (chain.hears && isRefusal(failure)) await chain.refused(this.#call(), failure);
      throw failure;
    }
  }

  /** Finds the tool. What can be decided by its name alone is decided before its server is asked for a list. */
  async #find(signal: AbortSignal): Promise<Found> {
    const { args, unknown } = this.#request;
    const guess = await this.#search.guess(signal);
    this.#found = guess ?? {};
    const decided = guess && (await this.#verdict(guess, args));
    if (decided === "deny") throw unknown();
    if (guess !== undefined && decided === "allow" && !this.#needsDefinition(guess)) return guess;
    const found = guess?.definition === undefined ? await this.#search.find(guess, signal) : { ...guess };
    this.#found = found;
    if (decided !== "allow" && (await this.#verdict(found, args)) !== "allow") throw unknown();
    return { ...found, definition: found.definition };
  }

  /** A tool that is called by its name in the catalog has to be there; one that is called by its server's own may not. */
  #needsDefinition({ candidate: { listing } }: Found): boolean {
    const { reach, tool } = this.#request;
    const { chain, approvals } = reach.routing.guards;
    return (
      typeof tool === "string" ||
      listing.hasOverrides ||
      listing.server.trustsAnnotations === true ||
      chain.wraps ||
      approvals?.isOn(listing.ref.id) === true
    );
  }

  #verdict(found: Found, args: JsonObject): Verdict | Promise<Verdict> {
    const { reach } = this.#request;
    const { listing } = found.candidate;
    const isTrusted = listing.server.trustsAnnotations === true;
    return reach.routing.guards.policy.decide({
      ...{ phase: "call", kind: "tool", name: found.name, server: listing.ref.id },
      ...reach.who,
      annotations: isTrusted && found.definition === undefined ? undefined : hintsOf(reach, found),
      arguments: args,
    });
  }

  #approve({ candidate, definition, name }: Found): Promise<void> | undefined {
    const { approvals } = this.#request.reach.routing.guards;
    const server = candidate.listing.ref.id;
    if (definition === undefined || approvals === undefined) return undefined;
    return approvals.check({ server, kind: "tool", name, definition });
  }

  async #send(
    found: Found,
    args: object,
    {
      changed,
      send,
    }: { readonly changed: boolean; readonly send: (admitted: Admitted) => Promise<CallToolResult> },
  ): Promise<CallToolResult> {
    const { reach } = this.#request;
    const { candidate, name, definition } = found;
    const hints = hintsOf(reach, found);
    const sent = changed ? jsonArguments(args, reach.routing.limits) : (args as JsonObject);
    if (changed && (await this.#verdict(found, sent)) !== "allow") throw this.#request.unknown();
    return send({
      place: { candidate, name },
      args: sent,
      isRepeatable: hints.readOnlyHint === true || hints.idempotentHint === true,
      check: (connection, signal) =>
        checkConnection(reach.routing, { candidate, kind: "tools", name, definition }, connection, signal),
    });
  }

  #allowedCall(found: Found, signal: AbortSignal): AllowedCall {
    const { onApprovalRequired } = this.#request.reach;
    const server = found.candidate.listing.ref.id;
    return { ...this.#call(), server, signal, ...(onApprovalRequired && { onApprovalRequired }) };
  }

  #call(): InterceptedCall {
    const { reach, tool, args } = this.#request;
    const { candidate, name, definition } = this.#found;
    const asked = typeof tool === "string" ? tool : tool.tool;
    return {
      ...reach.who,
      ...(candidate !== undefined && { server: candidate.listing.ref.id }),
      tool: name ?? asked,
      ...(definition !== undefined && { definition }),
      annotations:
        candidate && definition ? reach.routing.guards.hintsOf(candidate.listing, definition) : noHints,
      arguments: args,
    };
  }
}

function hintsOf({ routing: { guards } }: Reach, { candidate, definition }: Found): Hints {
  return definition === undefined ? noHints : guards.hintsOf(candidate.listing, definition);
}

const refusals: ReadonlySet<string> = new Set(["TOOL_UNKNOWN", "APPROVAL_REQUIRED", "RATE_LIMITED"]);

function isRefusal(failure: unknown): failure is TenantryError {
  return failure instanceof TenantryError && refusals.has(failure.code);
}
