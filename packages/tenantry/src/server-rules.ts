import { TenantryError, upstreamsOf } from "@tenantry/core";
import type { DirectServer, HostedServer, ServerDefinition, ServerId, WorkspaceId } from "@tenantry/core";
import { checkCredentials } from "./credential-fit.ts";

/** Which server of which workspace a definition is for; without one it is for every workspace. */
export interface ServerPlace {
  readonly server: ServerId;
  readonly workspace?: WorkspaceId;
}

/** Whether a command may be run that the host's own code did not write; anything but `true` means no. */
export type AdmitCommand = (definition: HostedServer, place: ServerPlace) => boolean;

/** What a checked definition has to keep to in this instance. */
export interface ServerRules {
  readonly path: string;
  readonly place: ServerPlace;
  readonly admitCommand?: AdmitCommand | undefined;
}

/** Checks that what somebody else wrote may be run, and that credentials fit; throws `DEFINITION_INVALID`, naming the path. */
export function checkServer(definition: ServerDefinition, rules: ServerRules): void {
  for (const [path, direct] of waysTo(definition, rules.path)) {
    if (direct.command !== undefined && direct.provenance === "foreign")
      checkAdmission(direct, { ...rules, path });
    checkCredentials(direct, path);
  }
}

function waysTo(definition: ServerDefinition, path: string): readonly (readonly [string, DirectServer])[] {
  if (definition.upstreams === undefined) return [[path, definition]];
  return [...upstreamsOf(definition)].map(([name, direct]) => [`${path}.upstreams.${name}`, direct] as const);
}

function checkAdmission(definition: HostedServer, { path, place, admitCommand }: ServerRules): void {
  if (admitCommand === undefined) {
    const next = "define it in code, reach the server by its url, or say in `admitCommand` which are";
    const why = `a command that the host's own code did not write is not run; ${next}`;
    throw new TenantryError("DEFINITION_INVALID", `${path}: ${why}.`);
  }
  let admitted: unknown;
  try {
    admitted = admitCommand(definition, place);
  } catch (cause) {
    throw new TenantryError("DEFINITION_INVALID", `${path}: \`admitCommand\` failed; see the cause.`, {
      cause,
    });
  }
  if (admitted !== true)
    throw new TenantryError("DEFINITION_INVALID", `${path}: the host does not admit this command.`);
}
