import type { Caller } from "@tenantry/gateway";
import { isFixed, RecentMap, type WorkspaceClient } from "@tenantry/core";

/** Of how many callers the last view is known. */
const maxRecent = 1_024;

/** A view, and whose it was made. */
interface Recent {
  readonly caller: Caller;
  readonly view: WorkspaceClient;
}

/**
 * Gives a caller's view, and the same one again where the caller comes back with the same context and roles: what is made
 * of it, the routes and their keys, is most of what a request costs here. The collector alone keeps it, so that what
 * credentials are resolved from is held for no longer than the garbage that it was before.
 */
export function recentViews(open: (caller: Caller) => WorkspaceClient): (caller: Caller) => WorkspaceClient {
  const recent = new RecentMap<string, WeakRef<Recent>>(maxRecent);
  return (caller) => {
    // What can change later says nothing of the view that was made of it.
    if (!isFixedThroughout(caller)) return open(caller);
    const { workspace, user, session } = caller;
    const key = JSON.stringify([workspace, user, session]);
    const known = recent.get(key)?.deref();
    if (known !== undefined && isSame(known.caller, caller)) return known.view;
    const view = open(caller);
    recent.set(key, new WeakRef({ caller, view }));
    return view;
  };
}

/** Whether a caller is one as the gateway gives them; a context of a class never is. */
function isFixedThroughout(caller: Caller): boolean {
  const { context = nothing, roles = none } = caller;
  return (
    isFixed(caller) && isObject(context) && isFixed(context) && Array.isArray(roles) && Object.isFrozen(roles)
  );
}

function isSame(known: Caller, given: Caller): boolean {
  const { workspace, user, session } = given;
  return (
    known.workspace === workspace &&
    known.user === user &&
    known.session === session &&
    isSameOneLevelDeep(known.context ?? nothing, given.context ?? nothing) &&
    isSameOneLevelDeep(known.roles ?? none, given.roles ?? none)
  );
}

/** What is deeper down is the host's own in either. */
function isSameOneLevelDeep(one: object, other: object): boolean {
  if (one === other) return true;
  const keys = Reflect.ownKeys(one);
  const isHere = (key: PropertyKey) =>
    Object.hasOwn(other, key) && Object.is(Reflect.get(one, key), Reflect.get(other, key));
  return keys.length === Reflect.ownKeys(other).length && keys.every(isHere);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

const nothing: object = Object.freeze({});
const none: readonly string[] = Object.freeze([]);
