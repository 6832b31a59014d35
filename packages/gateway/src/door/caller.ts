import { isPlainObject, principalOf, type Principal } from "@tenantry/core";

/** Whom a request of an MCP client is made for, as the host's own authenticator says. */
export interface Caller {
  readonly workspace: string;
  readonly user: string;
  /**
   * Separates two conversations of one user. Defaults to none in the modern era, and to a session of its own for each
   * client of the legacy era, whose sessions are conversations.
   */
  readonly session?: string | undefined;
  /** What the host says that this user is, for policies. */
  readonly roles?: readonly string[] | undefined;
  /** What the user's credentials are resolved from. */
  readonly context?: object | undefined;
}

/**
 * Tells whom a request is made for, by what it brings with it; it leaves the body alone. `undefined` or `null`: nobody's
 * that the host knows. A response is given as it is: for a challenge of the host's own.
 */
export type Authenticate = (
  request: Request,
) => Caller | Response | null | undefined | Promise<Caller | Response | null | undefined>;

/**
 * A caller as the host has just said it, fixed, whatever becomes of the host's own objects while a body is on its way. A
 * context that is no plain object stays as it is: a copy would lose what a class computes.
 */
export function fixedCaller({ workspace, user, session, roles, context }: Caller): Caller {
  return Object.freeze({
    workspace,
    user,
    session,
    context: isPlainObject(context) ? Object.freeze({ ...context }) : context,
    roles: Array.isArray(roles) ? Object.freeze([...roles]) : roles,
  });
}

/** The principal that a caller is; throws `PRINCIPAL_INVALID` for one that is none. */
export function principalOfCaller({ workspace, user, session }: Caller): Principal {
  return principalOf({ workspace, user, session });
}

/** A principal as text, equal for equal ones and different for different ones. */
export function keyOf({ workspace, user, session }: Principal): string {
  return JSON.stringify(session === undefined ? [workspace, user] : [workspace, user, session]);
}
