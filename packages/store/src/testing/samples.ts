import assert from "node:assert/strict";
import {
  TenantryError,
  type CredentialKey,
  type ErrorCode,
  type FlowKey,
  type ServerKey,
  type WorkspaceKey,
} from "@tenantry/core";

/** A credential's key; the ids are given as any text, which the checks of core would not all let through. */
export function credential(workspace: string, user: string | undefined, server = "github", slot = "key") {
  return { workspace, ...(user !== undefined && { user }), server, slot } as CredentialKey;
}

/** The key of one of Ada's flows. */
export function flow(state: string, workspace = "w"): FlowKey {
  return { workspace, user: "ada", state, server: "github" } as FlowKey;
}

export function serverKey(workspace: string, server: string): ServerKey {
  return { workspace, server } as ServerKey;
}

export function within(workspace: string): WorkspaceKey {
  return { workspace } as WorkspaceKey;
}

/** Passes where the promise rejects with an error of this code that is written as all are. */
export async function rejects(promise: Promise<unknown>, code: ErrorCode): Promise<TenantryError> {
  const failure: unknown = await promise.then(
    () => assert.fail(`It resolved, and ${code} was expected.`),
    (error: unknown) => error,
  );
  if (!(failure instanceof TenantryError)) throw failure;
  assert.equal(failure.code, code, failure.message);
  assert.ok(failure.message.startsWith(`[${code}] `));
  return failure;
}
