import type { Caller } from "@tenantry/gateway";
import { RecentMap, type WorkspaceClient } from "@tenantry/core";

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
  return (given) => {
    const { workspace, user, session } = given;
    const key = JSON.stringify([workspace, user, session]);
    const known = recent.get(key)?.deref();
    if (known !== undefined && isSame(known.caller, given)) return known.view;
    const caller = copied(given);
    const view = open(caller);
    recent.set(key, new WeakRef({ caller, view }));
    return view;
  };
}

/** What the host changes later in its own objects is another caller's. A context that is none is refused as it is. */
function copied({ context, roles, ...caller }: Caller): Caller {
  return {
    ...caller,
    ...(context !== undefined && { context: isPlain(context) ? { ...context } : context }),
    ...(roles !== undefined && { roles: Array.isArray(roles) ? [...roles] : roles }),
  };
}

function isSame(known: Caller, given: Caller): boolean {
  const { context = {}, roles = [] } = given;
  return (
    isPlain(context) &&
    isSameOneLevelDeep(known.context ?? {}, context) &&
    Array.isArray(roles) &&
    isSameOneLevelDeep(known.roles ?? [], roles)
  );
}

/** Whether copies of both would be the same; what is deeper down is the host's own in either. */
function isSameOneLevelDeep(one: object, other: object): boolean {
  const keys = Reflect.ownKeys(one);
  const isHere = (key: PropertyKey) =>
    Object.hasOwn(other, key) && Object.is(Reflect.get(one, key), Reflect.get(other, key));
  return keys.length === Reflect.ownKeys(other).length && keys.every(isHere);
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
