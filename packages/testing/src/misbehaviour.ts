import type { Clock } from "@tenantry/core";
import type { Fault } from "./faults.ts";
import { sendResponse } from "./loopback.ts";
import type { Exchange } from "./recording.ts";

/** Answers a request, or does to it what the faults that it met say. */
export async function answerOrMisbehave(
  exchange: Exchange,
  met: readonly Fault[],
  clock: Clock,
  serve: () => Promise<Response>,
): Promise<void> {
  for (const fault of met) if (fault.kind === "delay") await delay(exchange, clock, fault.ms);
  if (exchange.response.destroyed) return;
  const fault = met.at(-1);
  if (fault === undefined || fault.kind === "delay") return send(exchange, await serve());
  if ("afterWork" in fault && fault.afterWork === true) await (await serve()).arrayBuffer();
  await misbehave(exchange, fault);
}

/** Sends an answer; its status is noted first, so that whoever has the answer finds it in the record. */
function send({ record, response }: Exchange, answer: Response): Promise<void> {
  record.status = answer.status;
  return sendResponse(response, answer);
}

/** Waits on the clock; ends early, without a timer left, when the client leaves. */
function delay({ response }: Exchange, clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(ms, () => {
      response.off("close", leave);
      resolve();
    });
    const leave = () => {
      timer.cancel();
      resolve();
    };
    response.once("close", leave);
  });
}

/** Does to a request what a fault says, in the place of its answer. */
async function misbehave(
  exchange: Exchange,
  fault: Exclude<Fault, { readonly kind: "delay" }>,
): Promise<void> {
  switch (fault.kind) {
    case "answer":
      return send(
        exchange,
        new Response(fault.body ?? null, { status: fault.status, headers: fault.headers ?? {} }),
      );
    case "redirect": {
      const { to, status = 307 } = fault;
      return send(exchange, new Response(null, { status, headers: { location: to.href } }));
    }
    case "endStream":
      return send(exchange, new Response("", { headers: { "content-type": "text/event-stream" } }));
    case "endless":
      return send(exchange, new Response(endlessBody(fault.chunk), { headers: fault.headers ?? {} }));
    case "reset":
      exchange.request.socket.resetAndDestroy();
      return;
    case "hang":
      return;
  }
}

/** Gives the same text again as fast as somebody reads, and lets the event loop turn in between. */
function endlessBody(chunk = " ".repeat(16_384)): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(chunk);
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setImmediate(resolve));
      controller.enqueue(bytes);
    },
  });
}
