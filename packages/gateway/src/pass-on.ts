import type { GatewayOptions } from "./options.ts";
import type { Incoming } from "./wire/message.ts";
import { errorResponse } from "./wire/reply.ts";

/** Marks what was passed on once, so that it does not go round. */
const passedHeader = "tenantry-passed-on";

/**
 * Passes a request on to the process in which the call that it is about waits. Where there is no way there, or it has come
 * that way already, the client is told that it is at the wrong place (RFC 9110, section 15.5.20); where the other process
 * is gone, that the call is lost. Never rejects.
 */
export async function passOn(
  forward: GatewayOptions["forward"],
  { url, headers }: Request,
  message: Incoming,
  replica: string,
): Promise<Response> {
  const id = message.kind === "request" ? message.id : null;
  if (forward === undefined || headers.has(passedHeader)) {
    const why = "The call that this is about waits in another process.";
    return errorResponse(id, { status: 421, code: -32_603, message: why });
  }
  const { kind: _kind, ...said } = message;
  const own = Object.fromEntries(
    [...headers].filter(([name]) => name !== "content-length" && name !== "transfer-encoding"),
  );
  const request = new Request(url, {
    method: "POST",
    headers: { ...own, [passedHeader]: "1" },
    body: JSON.stringify({ jsonrpc: "2.0", ...said }),
  });
  try {
    return await forward(request, replica);
  } catch {
    return errorResponse(id, {
      status: 502,
      code: -32_603,
      message: "The process in which the call waited is gone.",
    });
  }
}
