import { TenantryError } from "@tenantry/core";
import type { Call } from "../call.ts";
import type { Errand } from "../errand.ts";
import { spoken } from "../failure.ts";
import { isObject, type Fields, type ReplyMessage } from "../message.ts";
import { notOffered, questionsOf } from "./questions.ts";
import type { ServerRequests } from "./server-requests.ts";

/**
 * Answers what a modern server asks before it completes a request (MCP 2026-07-28, multi round-trip requests), and gives
 * what the request is repeated with: the answers, and the server's own state as it came. Throws `PROTOCOL_VIOLATION`
 * for what was not offered, `LIMIT_EXCEEDED` for too much, `ARGUMENT_INVALID` where a handler fails.
 */
export async function answerRound(
  result: Fields,
  call: Call,
  errand: Errand,
  requests: ServerRequests,
): Promise<Fields> {
  // Nobody is asked for a caller who left with the answer.
  errand.throwIfEnded();
  const { inputRequests, requestState } = result;
  const asked = questionsOf(inputRequests, call);
  const idOf = (key: string) => `${call.id}:${key}`;
  const answers = Promise.all(
    asked.map(async ([key, one]) => [key, await answerOne(idOf(key), one, call, requests)] as const),
  );
  try {
    const inputResponses = Object.fromEntries(await errand.wait(answers));
    return {
      ...(asked.length > 0 && { inputResponses }),
      ...(requestState !== undefined && { requestState }),
    };
  } finally {
    // Where one has failed, or the errand has ended, the others are asked in vain.
    for (const [key] of asked) requests.takeBack(idOf(key));
  }
}

async function answerOne(id: string, asked: unknown, call: Call, requests: ServerRequests): Promise<unknown> {
  const method = isObject(asked) && typeof asked.method === "string" ? asked.method : "";
  const params = isObject(asked) ? asked.params : undefined;
  const { promise, resolve } = Promise.withResolvers<readonly [ReplyMessage, unknown]>();
  requests.answer(id, { method, params }, call, (reply, cause) => resolve([reply, cause]));
  const [reply, cause] = await promise;
  if ("result" in reply) return reply.result;
  if (cause !== undefined) {
    const name = spoken(method, call.secrets());
    const what = `The handler of ${name}, which the server asked during ${call.method}, failed; see the cause.`;
    throw new TenantryError("ARGUMENT_INVALID", what, { cause, delivery: "answered" });
  }
  throw notOffered(method, call);
}
