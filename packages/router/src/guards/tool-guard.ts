import {
  raceAbort,
  TenantryError,
  type CallToolResult,
  type Connection,
  type JsonObject,
} from "@tenantry/core";
import { goOn } from "../at-once.ts";
import { jsonArguments } from "../calls/arguments.ts";
import type { Place } from "../calls/find-place.ts";
import type { AllowedCall, InterceptedCall } from "../interceptors/interceptor.ts";
import { noHints, type Hints } from "../policy/hints.ts";
import type { Verdict } from "../policy/rules.ts";
import type { Taken } from "../quotas/limit.ts";
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

/** Makes a call that is admitted. */
type SendAdmitted = (admitted: Admitted) => Promise<CallToolResult>;

/** What has passed the policy, what has to be approved and the quotas. */
interface Admission {
  readonly found: Found;
  /** Gives back what was taken of the quotas; absent where none counts. */
  readonly give: Taken | undefined;
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
  run(signal: AbortSignal, send: SendAdmitted): Promise<CallToolResult> {
    const made = goOn(this.#admit(signal), (admission) => this.#make(admission, signal, send));
    return made as Promise<CallToolResult>;
  }

  #make({ found, give }: Admission, signal: AbortSignal, send: SendAdmitted): Promise<CallToolResult> {
    const { args, reach } = this.#request;
    const { chain } = reach.routing.guards;
    let running: Promise<CallToolResult>;
    try {
      signal.throwIfAborted();
      // An interceptor that waits for ever keeps no place beyond the call's deadline.
      running = chain.wraps
        ? raceAbort(this.#through(found, signal, send), signal)
        : this.#send(found, args, send);
    } catch (failure) {
      give?.();
      throw failure;
    }
    return give === undefined ? running : running.finally(give);
  }

  #through(found: Found, signal: AbortSignal, send: SendAdmitted): Promise<CallToolResult> {
    const { chain } = this.#request.reach.routing.guards;
    return chain.run(this.#allowedCall(found, signal), (args, changed) =>
      changed ? this.#sendChanged(found, args, send) : this.#send(found, args as JsonObject, send),
    );
  }

  #admit(signal: AbortSignal): Admission | Promise<Admission> {
    try {
      const admitted = goOn(this.#find(signal), (found) =>
        goOn(this.#approve(found), () => goOn(this.#take(found), (give) => ({ found, give }))),
      );
      return admitted instanceof Promise ? admitted.catch((failure) => this.#refuse(failure)) : admitted;
    } catch (failure) {
      return this.#refuse(failure);
    }
  }

  async #refuse(failure: unknown): Promise<never> {
    const { chain } = this.#request.reach.routing.guards;
    if (chain.hears && isRefusal(failure)) await chain.refused(this.#call(), failure);
    throw failure;
  }

  #take({ candidate, name: tool }: Found): Admission["give"] | Promise<Admission["give"]> {
    const { routing, principal } = this.#request.reach;
    return routing.guards.quotas.take({ principal, server: candidate.listing.ref.id, tool });
  }

  /** Finds the tool. What can be decided by its name alone is decided before its server is asked for a list. */
  #find(signal: AbortSignal): Found | Promise<Found> {
    return goOn(this.#search.guess(signal), (guess) => {
      if (guess === undefined) return this.#look(undefined, undefined, signal);
      this.#found = guess;
      return goOn(this.#verdict(guess, this.#request.args), (decided) => {
        if (decided === "deny") throw this.#request.unknown();
        const isEnough = guess.definition !== undefined || !this.#needsDefinition(guess);
        return decided === "allow" && isEnough ? guess : this.#look(guess, decided, signal);
      });
    });
  }

  /** Finds the tool in a list, and decides about what the list has; `decided` says what was by the guess. */
  async #look(guess: Found | undefined, decided: Verdict | undefined, signal: AbortSignal): Promise<Found> {
    const found = guess?.definition === undefined ? await this.#search.find(guess, signal) : guess;
    this.#found = found;
    // The list may have another tool under the name than its spelling tells.
    const isDecided = decided === "allow" && found.name === guess?.name;
    if (!isDecided && (await this.#verdict(found, this.#request.args)) !== "allow")
      throw this.#request.unknown();
    return found;
  }

  /** A tool that is called by its name in the catalog has to be there; one that is called by its server's own may not. */
  #needsDefinition({ candidate: { listing } }: Found): boolean {
    const { reach, tool } = this.#request;
    const { chain, approvals, quotas } = reach.routing.guards;
    return (
      typeof tool === "string" ||
      listing.hasOverrides ||
      listing.server.trustsAnnotations === true ||
      chain.wraps ||
      quotas.areByTool ||
      approvals?.isOn(listing.ref.id) === true
    );
  }

  #verdict(found: Found, args: JsonObject): Verdict | Promise<Verdict> {
    const { reach } = this.#request;
    const { listing } = found.candidate;
    const isTrusted = listing.server.trustsAnnotations === true;
    return reach.routing.guards.policy.decide({
      phase: "call",
      principal: reach.principal,
      roles: reach.who.roles,
      server: listing.ref.id,
      kind: "tool",
      name: found.name,
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

  /** What is sent is checked as what was given was. */
  async #sendChanged(found: Found, args: object, send: SendAdmitted): Promise<CallToolResult> {
    const sent = jsonArguments(args, this.#request.reach.routing.limits);
    if ((await this.#verdict(found, sent)) !== "allow") throw this.#request.unknown();
    return this.#send(found, sent, send);
  }

  #send(found: Found, args: JsonObject, send: SendAdmitted): Promise<CallToolResult> {
    const { reach } = this.#request;
    const { readOnlyHint, idempotentHint } = hintsOf(reach, found);
    const used = {
      candidate: found.candidate,
      kind: "tools",
      name: found.name,
      definition: found.definition,
    } as const;
    return send({
      place: found,
      args,
      isRepeatable: readOnlyHint === true || idempotentHint === true,
      check: (connection, signal) => checkConnection(reach.routing, used, connection, signal),
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
