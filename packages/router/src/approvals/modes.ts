import { quote, TenantryError } from "@tenantry/core";

/**
 * What has to be approved: nothing (`off`), what differs from how it was when somebody first saw it
 * (`trust-on-first-use`), or everything (`review`).
 */
export type ApprovalMode = "off" | "trust-on-first-use" | "review";

/** What has to be approved, and where something else has to. */
export interface ApprovalModes {
  /** Defaults to `trust-on-first-use`. */
  readonly mode?: ApprovalMode | undefined;
  /** By server id, where it differs. */
  readonly servers?: Readonly<Record<string, ApprovalMode>> | undefined;
}

const modes: readonly unknown[] = Object.freeze(["off", "trust-on-first-use", "review"]);

/** Gives what has to be approved of each server; throws `CONFIG_INVALID`, naming the path within `path`. */
export function approvalModes(
  given: ApprovalMode | ApprovalModes | undefined,
  path: string,
  hasStore: boolean,
): (server: string) => ApprovalMode {
  if (given === undefined || given === "off") return () => "off";
  if (!hasStore)
    throw new TenantryError("CONFIG_INVALID", `${path}: what is approved is kept in a store; give one.`);
  if (typeof given === "string") {
    checkMode(given, path);
    return () => given;
  }
  checkObject(given, path);
  const { mode = "trust-on-first-use", servers = {}, ...others } = given;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw new TenantryError(
      "CONFIG_INVALID",
      `${path}: there is no ${quote(unknown)}; there are mode, servers.`,
    );
  checkMode(mode, `${path}.mode`);
  checkObject(servers, `${path}.servers`);
  const own = new Map(Object.entries(servers));
  for (const [server, one] of own) checkMode(one, `${path}.servers.${quote(server)}`);
  return (server) => own.get(server) ?? mode;
}

function checkMode(mode: unknown, path: string): void {
  if (modes.includes(mode)) return;
  throw new TenantryError("CONFIG_INVALID", `${path}: expected one of ${modes.join(", ")}.`);
}

function checkObject(value: unknown, path: string): void {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return;
  throw new TenantryError("CONFIG_INVALID", `${path}: expected ${modes.join(", ")} or { mode, servers }.`);
}
