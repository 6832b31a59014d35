import type {
  ClientCapabilities,
  ElicitResult,
  Root,
  SamplingResult,
  ServerRequestHandlers,
} from "@tenantry/core";
import { isObject } from "../wire/message.ts";

/** Passes a server's question on to a client, and gives what the client answered. */
export type Ask = (method: string, params: object | undefined, signal: AbortSignal) => Promise<unknown>;

/**
 * The handlers that pass a server's questions on to a client, for what the client can be asked; `undefined` where that is
 * nothing. What a client answers is for whoever asked to judge.
 */
export function handlersOf(
  { elicitation, sampling, roots }: ClientCapabilities,
  ask: Ask,
): ServerRequestHandlers | undefined {
  if (elicitation === undefined && sampling === undefined && roots === undefined) return undefined;
  return {
    ...(elicitation !== undefined && {
      onElicitation: async (params, { signal }) => {
        if ("url" in params ? elicitation.url === undefined : elicitation.form === undefined)
          throw new Error("The client cannot be asked in this way.");
        return (await ask("elicitation/create", params, signal)) as ElicitResult;
      },
    }),
    ...(sampling !== undefined && {
      onSampling: async (params, { signal }) =>
        (await ask("sampling/createMessage", params, signal)) as SamplingResult,
    }),
    ...(roots !== undefined && {
      onRoots: async ({ signal }) => {
        const answer = await ask("roots/list", undefined, signal);
        if (isObject(answer) && Array.isArray(answer["roots"])) return answer["roots"] as readonly Root[];
        throw new Error("The client's answer names no roots.");
      },
    }),
  };
}
