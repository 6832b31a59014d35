import { TenantryError } from "@tenantry/core";
import type { Call } from "../call.ts";
import { spoken } from "../failure.ts";
import { isObject } from "../message.ts";

/** How many questions a server may ask in one round. */
const maxQuestions = 16;

/** The questions of one round with their keys; throws `LIMIT_EXCEEDED` for too many of them. */
export function questionsOf(
  inputRequests: unknown,
  { method }: Call,
): readonly (readonly [string, unknown])[] {
  const asked = Object.entries(isObject(inputRequests) ? inputRequests : {});
  if (asked.length <= maxQuestions) return asked;
  const what = `The server asks ${asked.length} questions before it answers ${method}; ${maxQuestions} are answered at once.`;
  throw new TenantryError("LIMIT_EXCEEDED", what, { delivery: "answered" });
}

/** The error for a question that a server may not ask. */
export function notOffered(method: string, call: Call): TenantryError {
  const name = spoken(method, call.secrets());
  const what = `The server asks for ${name} before it answers ${call.method}, which was not offered to it or is malformed; give a handler for it.`;
  return new TenantryError("PROTOCOL_VIOLATION", what, { delivery: "answered" });
}
