import { quote, TenantryError, type Principal, type Target } from "@tenantry/core";
import { workspaceOf } from "./keys.ts";

/** Which connections are meant: those that have everything that is named here. */
export interface Selection {
  readonly workspace?: string;
  readonly user?: string;
  readonly session?: string;
  readonly server?: string;
  /** The digest of the server's definition, or how it begins. */
  readonly digest?: string;
  /** Whose authority the connection's credential carries. */
  readonly subject?: string;
}

const names: readonly string[] = ["workspace", "user", "session", "server", "digest", "subject"];

/**
 * Checks a selection and gives what it means. Throws `ARGUMENT_INVALID` where it names nothing, a user without the
 * workspace, or something that there is not: one that was misspelt would mean everybody.
 */
export function checkSelection(selection: Selection): Selection {
  const named = typeof selection === "object" && selection !== null ? Object.entries(selection) : [];
  // One that is there and `undefined` may have been meant to select less.
  const unknown = named.find(([name, value]) => !names.includes(name) || typeof value !== "string");
  if (unknown !== undefined || named.length === 0) {
    const what =
      unknown === undefined ? "Nothing is selected" : `A selection has no such ${quote(unknown[0])}`;
    throw new TenantryError(
      "ARGUMENT_INVALID",
      `${what}; name at least one of ${names.join(", ")}, each a string.`,
    );
  }
  const { workspace, user, session } = selection;
  if ((user !== undefined && workspace === undefined) || (session !== undefined && user === undefined)) {
    const why = "Users belong to a workspace and sessions to a user; name the workspace, and the user, too.";
    throw new TenantryError("ARGUMENT_INVALID", why);
  }
  return Object.freeze({ ...selection });
}

/** Whether the selection means a connection to this target with a credential of this subject. */
export function selects(
  selection: Selection,
  { scope, server }: Pick<Target, "scope" | "server">,
  subject: string | undefined,
): boolean {
  const { workspace, user, session } = selection;
  return (
    (workspace === undefined || workspace === workspaceOf(scope)) &&
    (user === undefined || (scope.share === "user" && user === scope.user)) &&
    (session === undefined || (scope.share === "user" && session === scope.session)) &&
    (selection.server === undefined || selection.server === server.id) &&
    (selection.digest === undefined || server.digest.startsWith(selection.digest)) &&
    (selection.subject === undefined || selection.subject === subject)
  );
}

/** Whether the selection means this user among those who share a connection, which is nobody's own. */
export function selectsGuest(
  selection: Selection,
  { server }: Pick<Target, "server">,
  guest: Principal,
): boolean {
  const { user, subject } = selection;
  // The subject is that of the credential that all of them share.
  if (user === undefined || subject !== undefined) return false;
  const scope = { share: "user", ...guest } as const;
  return selects(selection, { scope, server }, undefined);
}
