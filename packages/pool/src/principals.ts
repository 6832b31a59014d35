import { isFixed, principalOf, TenantryError, type Principal, type Scope } from "@tenantry/core";

/** Checks who asks, once those who come again. */
export class Principals {
  readonly #known = new WeakMap<Principal, Principal>();

  /**
   * Who asks, as it is now. Throws `PRINCIPAL_INVALID` for a malformed one, and for one whom the scope does not serve:
   * of another workspace, or another than its own user.
   */
  read(given: Principal | undefined, scope: Scope): Principal | undefined {
    if (given === undefined) return undefined;
    const principal = this.#known.get(given) ?? this.#check(given);
    if (!serves(scope, principal))
      throw new TenantryError(
        "PRINCIPAL_INVALID",
        "Who asks is nobody whom the target's scope serves; give both the same workspace, and the same user.",
      );
    return principal;
  }

  /** Its own parts and nothing else: an object may hold more. */
  #check(given: Principal): Principal {
    if (typeof given !== "object" || given === null)
      throw new TenantryError("PRINCIPAL_INVALID", "A principal is an object { workspace, user, session? }.");
    const principal = principalOf(given);
    if (isFixed(given)) this.#known.set(given, principal);
    return principal;
  }
}

function serves(scope: Scope, { workspace, user }: Principal): boolean {
  if (scope.share === "everyone") return true;
  return scope.workspace === workspace && (scope.share !== "user" || scope.user === user);
}
