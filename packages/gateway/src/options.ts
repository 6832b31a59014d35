import { TenantryError, type Clock, type Implementation, type WorkspaceClient } from "@tenantry/core";
import type { Authenticate, Caller } from "./door/caller.ts";
import type { HandleKeys } from "./handles/key-ring.ts";
import type { GatewayLimits } from "./limits.ts";

/** What a gateway is made of. */
export interface GatewayOptions {
  /** Tells whom a request is made for; without one, every request is refused (401). */
  readonly authenticate?: Authenticate | undefined;
  /**
   * Gives what a caller can do; it is asked for each request, and lets through nothing of another caller's. The caller is a
   * frozen copy of what `authenticate` gave, its roles and its context too, one level deep.
   */
  readonly connect: (caller: Caller) => WorkspaceClient;
  /** The host names, with or without a port, under which clients reach the gateway; any other is refused (403). */
  readonly hosts: readonly string[];
  /** The origins of pages that may use it from a browser; any other page is refused (403). Defaults to none. */
  readonly origins?: readonly string[] | undefined;
  /** What handles are sealed with, the same in all processes; defaults to a random key of this gateway alone. */
  readonly keys?: HandleKeys | undefined;
  /** What this gateway is called among the processes that serve the same clients; defaults to a random name. */
  readonly replica?: string | undefined;
  /**
   * By what name requests that have come through here say so, also those of the connections beneath; one that says it when it
   * comes is refused. Defaults to the replica's name.
   */
  readonly instance?: string | undefined;
  /**
   * Passes a request on to the gateway that is called `replica`, in which the call that the request is about waits. Without
   * it such a request is refused (421) here.
   */
  readonly forward?: ((request: Request, replica: string) => Promise<Response>) | undefined;
  /** What clients are told of the gateway; defaults to `tenantry` and this package's version. */
  readonly serverInfo?: Implementation | undefined;
  /** What clients are told about its use. */
  readonly instructions?: string | undefined;
  /** The challenge of a 401 (`WWW-Authenticate`); defaults to `Bearer`. */
  readonly challenge?: string | undefined;
  readonly limits?: Partial<GatewayLimits> | undefined;
  /** Defaults to the system's clock. */
  readonly clock?: Clock | undefined;
}

const functions = ["authenticate", "connect", "forward"] as const;

/** Checks what a gateway is made of; throws `CONFIG_INVALID` and says what to give instead. */
export function checkOptions(options: GatewayOptions): GatewayOptions {
  for (const name of functions) {
    const given: unknown = options[name];
    if (given !== undefined && typeof given !== "function")
      throw invalid(`${name} is no function; give one.`);
  }
  if (typeof options.connect !== "function")
    throw invalid("connect is missing; give what makes a caller's client.");
  if (!Array.isArray(options.hosts) || options.hosts.length === 0)
    throw invalid("hosts is missing; name the hosts under which clients reach the gateway.");
  for (const name of ["replica", "instance"] as const) {
    const given = options[name];
    if (given !== undefined && !/^[\w.-]{1,64}$/u.test(given))
      throw invalid(`${name}: give at most 64 letters, digits, dots, dashes and underscores.`);
  }
  return options;
}

function invalid(message: string): TenantryError {
  return new TenantryError("CONFIG_INVALID", message);
}
