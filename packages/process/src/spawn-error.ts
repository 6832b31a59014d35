import { statSync } from "node:fs";
import { quote, TenantryError } from "@tenantry/core";

/** What was to be started. */
export interface Attempt {
  readonly command: string;
  readonly cwd: string | undefined;
  /** The `PATH` that the command was looked for in; absent where it is secret. */
  readonly path: string | undefined;
}

/** Turns a failed start into a `SPAWN_FAILED` that says what to do. */
export function spawnError(failure: unknown, attempt: Attempt): TenantryError {
  // Node attaches the arguments, which may hold what is nobody else's business.
  if (failure instanceof Error) Reflect.deleteProperty(failure, "spawnargs");
  const code = (failure as NodeJS.ErrnoException | undefined)?.code ?? "unknown reason";
  return new TenantryError("SPAWN_FAILED", explain(code, attempt), {
    cause: failure,
    retryable: passing.has(code),
  });
}

/** Shortages that end by themselves. */
const passing: ReadonlySet<string> = new Set(["EAGAIN", "EMFILE", "ENFILE", "ENOMEM", "ETXTBSY"]);

function explain(code: string, { command, cwd, path }: Attempt): string {
  const name = quote(command);
  if (cwd !== undefined && !isFolder(cwd)) {
    return `${name} was not started, because its folder ${quote(cwd)} does not exist; create it or correct cwd.`;
  }
  switch (code) {
    case "ENOENT":
      if (command.includes("/")) {
        return `${name} was not found, or the interpreter that its first line names was not; correct the command.`;
      }
      return `${name} was not found on the PATH${path === undefined ? "" : ` ${quote(path, 400)}`}; install it, give its absolute path, or declare a PATH in env.`;
    case "EACCES":
    case "EPERM":
      return `${name} may not be executed (${code}); make it executable, and its folder and cwd accessible.`;
    case "E2BIG":
      return `${name} was not started, because its arguments and environment are too long together; shorten them.`;
    default:
      return `${name} was not started (${code}); ${passing.has(code) ? "try again later" : "see the cause"}.`;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
