import pg from "pg";
import { quote, type TenantryError } from "@tenantry/core";
import { unavailable, unreadable } from "../failure.ts";
import type { Failure } from "../sql/backend.ts";

/** Conditions that waiting helps against (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
const passing = /^(08|40|53|57|58|55P03)/u;
/** Who asks is not let in, or may not do this; or the database takes no writes. */
const refused = /^(28|3D|42501|25006)/u;

/** What a failure of Postgres or of the connection to it means for a caller. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) {
    return { error: unreachable(error), reopen: false, unsure: true };
  }
  const { code, severity } = error;
  return {
    error: answered(code, causeOf(`Postgres answered with ${code}.`, code)),
    reopen: false,
    unsure: severity !== "ERROR",
  };
}

function answered(code: string, cause: Error): TenantryError {
  if (passing.test(code)) {
    return unavailable(`Postgres cannot do this now (${code}); try again.`, { cause, retryable: true });
  }
  if (refused.test(code)) {
    return unavailable(
      `Postgres does not let the store in or write (${code}); look at its user and database.`,
      {
        cause,
        retryable: false,
      },
    );
  }
  return unreadable(`The tables in Postgres are not as they should be (${code}); restore them.`, cause);
}

function unreachable(error: unknown): TenantryError {
  const { message, code } = (error ?? {}) as { readonly message?: unknown; readonly code?: unknown };
  const cause = causeOf(`The driver says ${quote(message)}.`, typeof code === "string" ? code : undefined);
  return unavailable("Postgres cannot be reached; look at its address, or try again.", {
    cause,
    retryable: true,
  });
}

/** The driver's own errors quote rows and hold the connection with its password, so that none of them goes any further. */
function causeOf(message: string, code: string | undefined): Error {
  return Object.assign(new Error(message), code !== undefined && { code });
}
