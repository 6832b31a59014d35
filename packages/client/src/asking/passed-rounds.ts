import { isSpecType } from "@modelcontextprotocol/client";
import { TenantryError, type ClientCapabilities, type InputRounds } from "@tenantry/core";
import type { Call } from "../call.ts";
import { isObject, type Fields } from "../message.ts";
import { isPage } from "./page.ts";
import { notOffered, questionsOf } from "./questions.ts";

/** What a request says of the round before it (MCP 2026-07-28, multi round-trip requests). */
export function beginRound({ responses, state }: InputRounds): Fields | undefined {
  if (responses === undefined && state === undefined) return undefined;
  return {
    ...(responses !== undefined && { inputResponses: responses }),
    ...(state !== undefined && { requestState: state }),
  };
}

/**
 * Checks what a server wants to know before it is given back to a caller who answers for itself. Throws
 * `PROTOCOL_VIOLATION` for what was not offered or is malformed, `LIMIT_EXCEEDED` for too much.
 */
export function checkRound(result: Fields, call: Call, { capabilities }: InputRounds): Fields {
  const { inputRequests, requestState } = result;
  const isSound =
    (requestState === undefined || typeof requestState === "string") &&
    (inputRequests === undefined || isObject(inputRequests)) &&
    (inputRequests !== undefined || requestState !== undefined);
  if (!isSound) {
    const what = `The server wants to know more before it answers ${call.method}, and does not say what.`;
    throw new TenantryError("PROTOCOL_VIOLATION", what, { delivery: "answered" });
  }
  for (const [, asked] of questionsOf(inputRequests, call)) {
    const { method, params } = isObject(asked) ? asked : {};
    if (!isOffered(method, params, capabilities)) throw notOffered(String(method), call);
  }
  return result;
}

function isOffered(method: unknown, params: unknown, has: ClientCapabilities): boolean {
  switch (method) {
    case "elicitation/create":
      return isSpecType.ElicitRequestParams(params) && mayElicit(params, has.elicitation);
    case "sampling/createMessage":
      return has.sampling !== undefined && isSpecType.CreateMessageRequestParams(params);
    case "roots/list":
      return has.roots !== undefined && (params === undefined || isObject(params));
    default:
      return false;
  }
}

/** A client that names no mode has forms (MCP 2025-11-25, elicitation). */
function mayElicit(params: object, mode: ClientCapabilities["elicitation"]): boolean {
  if (mode === undefined) return false;
  if ("url" in params) return mode.url !== undefined && isPage(params.url);
  return mode.form !== undefined || mode.url === undefined;
}
