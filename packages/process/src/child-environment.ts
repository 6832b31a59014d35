import { quote, Secret, TenantryError } from "@tenantry/core";
import { defaultPath } from "./default-path.ts";

/** The variable by which a child's descendants are found when they have left its group, its session and its parent. */
export const markerVariable = "TENANTRY_INSTANCE";

/** What a child's variables are declared as. */
export type DeclaredEnvironment = Readonly<Record<string, string | Secret>>;

/**
 * Builds a child's whole environment: the declared variables with their secrets revealed, a standard `PATH` where
 * none is declared, and the marker where there is one. Throws `SPAWN_FAILED`, without the value, for a variable
 * that no process can have.
 */
export function childEnvironment(
  declared: DeclaredEnvironment,
  marker: string | undefined,
): NodeJS.ProcessEnv {
  const env = Object.create(null) as NodeJS.ProcessEnv;
  // Node hands the host's own value of this one to every child, unless the key is there.
  env["NODE_V8_COVERAGE"] = undefined;
  if (!Object.keys(declared).some(isPath)) env["PATH"] = defaultPath();
  for (const [name, value] of Object.entries(declared)) env[name] = checked(name, value);
  if (marker !== undefined) env[markerVariable] = marker;
  return env;
}

/** The secrets among the declared variables. */
export function secretsOf(declared: DeclaredEnvironment): readonly Secret[] {
  return Object.values(declared).filter((value) => value instanceof Secret);
}

function isPath(name: string): boolean {
  return process.platform === "win32" ? name.toUpperCase() === "PATH" : name === "PATH";
}

function checked(name: string, value: string | Secret): string {
  const text: unknown = value instanceof Secret ? value.reveal() : value;
  // Node would complain too, but its complaint repeats the value.
  if (name === "" || /[=\0]/u.test(name)) {
    throw new TenantryError("SPAWN_FAILED", `${quote(name)} cannot name an environment variable; rename it.`);
  }
  if (typeof text !== "string" || text.includes("\0")) {
    const why = "is not text without NUL characters; correct it";
    throw new TenantryError("SPAWN_FAILED", `The environment variable ${quote(name)} ${why}.`);
  }
  return text;
}
