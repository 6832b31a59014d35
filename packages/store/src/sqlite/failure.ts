import type { TenantryError } from "@tenantry/core";
import { unavailable, unreadable } from "../failure.ts";
import type { Failure } from "../sql/backend.ts";

/** Primary result codes (https://sqlite.org/rescode.html). */
const codes = {
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  protocol: 15,
  notADatabase: 26,
} as const;

/** Whether another process was in the way. */
export function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code === codes.busy || code === codes.locked || code === codes.protocol;
}

/** What a failure of SQLite or of the file system means for a caller. */
export function failureOf(cause: unknown): Failure {
  const keep = { reopen: false, unsure: false };
  const reopen = { reopen: true, unsure: false };
  const away = (message: string, retryable: boolean) => unavailable(message, { cause, retryable });
  switch (codeOf(cause)) {
    case codes.busy:
    case codes.locked:
    case codes.protocol:
      return { error: away("Other processes kept the store's file locked; try again.", true), ...keep };
    case codes.full:
      return { error: away("The disk is full, so that nothing was written; make room.", true), ...keep };
    case codes.readOnly:
      return { error: away("The store's file is read-only; let the process write to it.", false), ...reopen };
    case codes.noMemory:
    case codes.ioError:
      return {
        error: away("The store's file could not be read or written; look at the disk.", true),
        reopen: true,
        unsure: true,
      };
    case codes.cannotOpen:
      return {
        error: away("The store's file cannot be opened; look at its path and its permissions.", false),
        ...reopen,
      };
    case codes.corrupt:
    case codes.notADatabase:
      return {
        error: unreadable("The store's file is no intact database; restore it from a backup.", cause),
        ...reopen,
      };
    case undefined:
      return { error: ofNode(cause), ...reopen };
    default:
      return {
        error: unreadable("The store's file does not have the tables that it should; restore it.", cause),
        ...reopen,
      };
  }
}

function codeOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("errcode" in error)) return undefined;
  // The bits above say more about it than is needed here.
  return typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
}

/** Of Node and not of SQLite. The file system's own failures come from opening the file. */
function ofNode(cause: unknown): TenantryError {
  const away = (message: string, retryable: boolean) => unavailable(message, { cause, retryable });
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return away("The disk is full, so that the store's file cannot be created; make room.", true);
    case "EMFILE":
    case "ENFILE":
      return away("The process has too many open files for the store's; try again.", true);
    case "ERR_OUT_OF_RANGE":
      return unreadable(
        "The store's file holds a number that it should not; restore it from a backup.",
        cause,
      );
    // The database was closed beneath a call, after another call found it broken.
    case "ERR_INVALID_STATE":
      return away("The store's file was being opened anew; try again.", true);
    default:
      return away("The store's file cannot be opened; look at its path and its permissions.", false);
  }
}
