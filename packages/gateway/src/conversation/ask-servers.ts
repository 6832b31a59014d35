import type { ClientCapabilities, JsonObject, LogLevel, WorkspaceClient } from "@tenantry/core";
import { handlersOf, type Ask } from "../asking/handlers.ts";
import { requestOptions, type Exchange } from "../exchange/exchange.ts";
import { legacyResult } from "../exchange/results.ts";
import { foreignMeta, metaOf, progressTokenOf } from "../exchange/said.ts";
import { verbOf } from "../verbs/verbs.ts";
import { Refused } from "../wire/failure.ts";
import type { Incoming } from "../wire/message.ts";

/** How servers are asked for a client within the process. */
export interface Asking extends Pick<Exchange, "handles" | "limits"> {
  readonly client: WorkspaceClient;
  /** What the client can be asked. */
  readonly capabilities: ClientCapabilities;
  readonly logLevel: LogLevel;
  /** Asks the client. */
  readonly ask: Ask;
  /** Tells the client. */
  readonly notify: (method: string, params: object) => void;
}

/** Does a request of a client's that servers answer, and gives its result; rejects for a method that there is not. */
export async function askServers(
  { method, params }: Extract<Incoming, { kind: "request" }>,
  { client, capabilities, logLevel, ask, notify, handles, limits }: Asking,
  signal: AbortSignal,
): Promise<object> {
  const verb = verbOf(method);
  if (verb === undefined)
    throw new Refused({ status: 200, code: -32_601, message: "There is no such method." });
  const ear: Exchange["ear"] = {
    hearing: { reply: { notify }, progressToken: progressTokenOf(metaOf(params)) },
  };
  // Whoever has taken the request back knows its token no more, nor does anybody after the result.
  const leave = () => (ear.hearing = undefined);
  signal.addEventListener("abort", leave, { once: true });
  const handlers = handlersOf(capabilities, ask);
  const { progressToken: _ofThisLink, ...meta } = foreignMeta(params["_meta"]);
  const options = requestOptions({ signal, params, ear, handlers, logLevel, meta: meta as JsonObject });
  try {
    const result = legacyResult(
      await verb({
        ...{ era: "legacy", method, params, signal, ear, client, capabilities, handles, limits, options },
        principal: client.principal,
      }),
    );
    // What a list holds is everybody's, and the host's own code may change what it is given.
    return method.endsWith("/list") ? structuredClone(result) : result;
  } finally {
    leave();
    signal.removeEventListener("abort", leave);
  }
}
