import { TenantryError, type AcquireOptions } from "@tenantry/core";

/** Throws `ARGUMENT_INVALID` for options that are none. */
export function checkOptions(options: AcquireOptions): void {
  if (isObject(options) && isObject(options.context)) return;
  throw invalid("The options are an object with the context of whoever asks; give {} where there is none.");
}

/** Throws `ARGUMENT_INVALID` for work that cannot be done. */
export function checkWork(work: unknown): void {
  if (typeof work !== "function") throw invalid("The work is a function of a connection; give one.");
}

/** Throws `ARGUMENT_INVALID` for a part of a target, or a target, that is no object. */
export function checkPart(name: string, part: unknown): void {
  if (!isObject(part)) throw invalid(`The ${name} is no object; give one.`);
}

/** The error for what a caller could not have meant. */
export function invalid(message: string): TenantryError {
  return new TenantryError("ARGUMENT_INVALID", message);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
