// What the pool is asked for, made as the router and the umbrella make it.
import {
  systemClock,
  type Context,
  type CredentialProvider,
  type Endpoint,
  type Era,
  type Origin,
  type ServerId,
  type Target,
  type Upstream,
  type UserId,
  type WorkspaceId,
} from "@tenantry/core";
import { bearer, createFingerprint, fromContext } from "@tenantry/credentials";

/** Where the targets of one server lead. */
export interface Route {
  readonly endpoint: Endpoint;
  readonly origin: Origin;
  /** Absent where the server needs no credential. */
  readonly credentials?: CredentialProvider | undefined;
}

/** Makes the target of one user, anew for every call. */
export type TargetOf = (user: string, workspace?: string) => Target;

/** Gives what makes the targets of one server; all have the same reference and upstream. */
export function targetsOf({ endpoint, origin, credentials }: Route): TargetOf {
  const server = Object.freeze({ id: "bench" as ServerId, digest: "digest-of-bench", origin });
  const borrowed = Object.freeze({ endpoint, [Symbol.asyncDispose]: () => Promise.resolve() });
  const upstream: Upstream = { endpoint: () => Promise.resolve(borrowed) };
  return (user, workspace = "acme") => {
    const names = { workspace: workspace as WorkspaceId, user: user as UserId };
    const target = { scope: Object.freeze({ share: "user", ...names } as const), server, upstream };
    return Object.freeze(credentials === undefined ? target : { ...target, credentials });
  };
}

/** `bearer(fromContext("token"))`, bound as an instance binds it. */
export function boundBearer(): CredentialProvider {
  return bearer(fromContext("token")).bind({ fetch, clock: systemClock, fingerprint: createFingerprint() });
}

/** A user's context, as a view of the workspace keeps it. */
export function contextOf(token: string): Context {
  return Object.freeze({ token });
}

/** An endpoint as the host's own code defines it. */
export function endpointOf(url: URL, era: Era): Endpoint {
  return Object.freeze({ kind: "http", url, provenance: "code", headers: Object.freeze({}), era } as const);
}
