import type { Clock } from "@tenantry/core";
import type { Fault } from "./faults.ts";
import { sendResponse } from "./loopback.ts";
import type { Arrival } from "./recording.ts";

/** Sends an answer; its status is noted first, so that whoever has the answer finds it in the record. */
export function send({ record, response }: Arrival, answer: Response): Promise<void> {
  record.status = answer.status;
  return sendResponse(response, answer);
}

/** Waits on the clock; ends early, without a timer left, when the client leaves. */
export function delay({ response }: Arrival, clock: Clock, ms: number): Promise<void> {
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
export async function misbehave(
  arrival: Arrival,
  fault: Exclude<Fault, { readonly kind: "delay" }>,
): Promise<void> {
  switch (fault.kind) {
    case "answer":
      return send(
        arrival,
        new Response(fault.body ?? null, { status: fault.status, headers: fault.headers ?? {} }),
      );
    case "redirect": {
      const { to, status = 307 } = fault;
      return send(arrival, new Response(null, { status, headers: { location: to.href } }));
    }
    case "endStream":
      return send(arrival, new Response("", { headers: { "content-type": "text/event-stream" } }));
    case "reset":
      arrival.request.socket.resetAndDestroy();
      return;
    case "hang":
      return;
  }
}
