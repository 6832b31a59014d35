import { isAbortReason, raceAbort, traced, TenantryError } from "@tenantry/core";
import { Elsewhere } from "../asking/elsewhere.ts";
import { failureOf } from "../wire/failure.ts";
import { errorResponse, Reply } from "../wire/reply.ts";
import type { Beginning, Parts, RequestMessage } from "./parts.ts";

/** What a request's work is given. */
export interface Work {
  readonly reply: Reply;
  /** Aborts when nobody waits for the result any more. */
  readonly controller: AbortController;
}

/**
 * Runs one request to its answer: within the bound of its principal, heard by whoever listens to diagnostics, and ended
 * with the gateway. `onLeave` says what its client's leaving means.
 */
export async function runRequest(
  parts: Parts,
  { era, visit, message }: Beginning,
  onLeave: (controller: AbortController) => void,
  work: (work: Work) => Promise<object>,
): Promise<Response> {
  const { principal, owner } = visit;
  const { id, method } = message;
  if (!parts.requests.enter(owner))
    return errorResponse(id, { status: 200, code: -32_000, message: "Too many requests are under way." });
  const controller = new AbortController();
  const { clock, limits } = parts;
  const reply = new Reply({ id, clock, ...limits, onLeave: () => onLeave(controller) });
  const leave = () => {
    onLeave(controller);
    reply.leave();
  };
  const ending = { end: () => controller.abort(closing()) };
  parts.open.add(ending);
  visit.request.signal.addEventListener("abort", leave, { once: true });
  const heard = traced(
    "tenantry:gateway:request",
    () => ({ principal, era, method, ...toolOf(message) }),
    async (payload) => {
      try {
        reply.answer(await raceAbort(work({ reply, controller }), controller.signal));
      } catch (failure) {
        if (failure instanceof Elsewhere)
          return reply.pass(await parts.passOn(visit, message, failure.replica));
        const said = failureOf(
          isAbortReason(failure, controller.signal) ? controller.signal.reason : failure,
        );
        if (payload) payload.code = said.code;
        reply.fail(said);
      }
    },
  );
  void heard.finally(() => {
    parts.open.delete(ending);
    // What its client has not read yet takes room.
    reply.whenRead(() => {
      parts.requests.leave(owner);
      visit.request.signal.removeEventListener("abort", leave);
    });
  });
  return reply.response;
}

function toolOf({ method, params }: RequestMessage): { readonly tool?: string } {
  const { name } = params;
  return method === "tools/call" && typeof name === "string" ? { tool: name } : {};
}

function closing(): TenantryError {
  return new TenantryError("CLOSED", "The gateway is closing.");
}
