import {
  serverId,
  sessionId,
  TenantryError,
  userId,
  workspaceId,
  type Scope,
  type ServerRef,
  type Target,
} from "@tenantry/core";

/** Checks targets and keeps what cannot change of them, once for each that comes again. */
export class Targets {
  readonly #known = new WeakMap<Target, Target>();

  /**
   * The target as it is now, whatever becomes of the caller's objects. Throws `PRINCIPAL_INVALID` for a scope that there
   * is not or one with a malformed id: two users whose ids are no strings could have one key.
   */
  read(given: Target): Target {
    const known = this.#known.get(given);
    if (known !== undefined) return known;
    const { scope, server } = given;
    const target = Object.freeze({ ...given, scope: readScope(scope), server: readServer(server) });
    if (Object.isFrozen(given) && isPlain(scope) && isPlain(server)) this.#known.set(given, target);
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
  return isPlain(given) ? given : scope;
}

function readServer(given: ServerRef): ServerRef {
  serverId(given.id);
  if (typeof given.digest !== "string")
    throw new TenantryError("ARGUMENT_INVALID", "A server's digest is a string.");
  return isPlain(given) ? given : Object.freeze({ ...given });
}

/** Whether it will always say what it says now: it is frozen, and nothing of it is computed. */
function isPlain(object: object): boolean {
  if (!Object.isFrozen(object)) return false;
  return Object.values(Object.getOwnPropertyDescriptors(object)).every((one) => "value" in one);
}
