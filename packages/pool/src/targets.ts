import {
  isFixed,
  serverId,
  sessionId,
  TenantryError,
  userId,
  workspaceId,
  type Scope,
  type ServerRef,
  type Target,
} from "@tenantry/core";
import { checkPart, invalid } from "./arguments.ts";
import { poolKey, type PoolKey } from "./keys.ts";

/** A target that has been checked and cannot change. It knows its key, which every call asks for. */
export class CheckedTarget implements Target {
  readonly scope: Scope;
  readonly server: ServerRef;
  readonly upstream: Target["upstream"];
  declare readonly credentials?: NonNullable<Target["credentials"]>;
  declare readonly handlers?: NonNullable<Target["handlers"]>;
  #subject: string | undefined;
  #key: PoolKey | undefined;

  /**
   * Throws `PRINCIPAL_INVALID` for a scope that there is not or one with a malformed id, `DEFINITION_INVALID` for a
   * malformed server id, and `ARGUMENT_INVALID` for any other part that is malformed.
   */
  constructor(given: Target) {
    checkPart("target", given);
    const { scope, server, upstream, credentials, handlers } = given;
    this.scope = readScope(scope);
    this.server = readServer(server);
    checkPart("target's upstream", upstream);
    if (credentials !== undefined) checkPart("target's provider of credentials", credentials);
    this.upstream = upstream;
    if (credentials !== undefined) this.credentials = credentials;
    if (handlers !== undefined) this.handlers = handlers;
    Object.freeze(this);
  }

  /** The key of the connection that serves it with a credential of `subject`; the last one is remembered. */
  key(subject: string | undefined): PoolKey {
    if (this.#key === undefined || this.#subject !== subject) {
      this.#key = poolKey(this, subject);
      this.#subject = subject;
    }
    return this.#key;
  }
}

/** Checks targets, once those that come again. */
export class Targets {
  readonly #known = new WeakMap<Target, CheckedTarget>();

  /** The target as it is now, whatever becomes of the caller's objects; throws as {@link CheckedTarget} does. */
  read(given: Target): CheckedTarget {
    const known = this.#known.get(given);
    if (known !== undefined) return known;
    const target = new CheckedTarget(given);
    // Its parts are the caller's own only where they cannot change either.
    if (isFixed(given) && target.scope === given.scope && target.server === given.server)
      this.#known.set(given, target);
    return target;
  }
}

function readScope(given: Scope): Scope {
  const scope = Object.freeze({ ...given });
  switch (scope.share) {
    case "user":
      workspaceId(scope.workspace);
      userId(scope.user);
      if (scope.session !== undefined) sessionId(scope.session);
      break;
    case "workspace":
    case "discovery":
      workspaceId(scope.workspace);
      break;
    case "everyone":
      break;
    default:
      throw new TenantryError(
        "PRINCIPAL_INVALID",
        "There is no such scope; its share is user, workspace, everyone or discovery.",
      );
  }
  return isFixed(given) ? given : scope;
}

function readServer(given: ServerRef): ServerRef {
  checkPart("target's server", given);
  const server = Object.freeze({ ...given });
  serverId(server.id);
  if (typeof server.digest !== "string") throw invalid("A server's digest is a string.");
  if (server.origin !== undefined && typeof server.origin !== "string")
    throw invalid("A server's origin is a string; leave it out where there is none.");
  return isFixed(given) ? given : server;
}
