import type { WorkspaceFilter } from "@tenantry/core";
import { metaKeys } from "../exchange/said.ts";
import { ChangeStream } from "../hearing/change-stream.ts";
import { invalidParams } from "../wire/failure.ts";
import type { GatewayLimits } from "../limits.ts";
import { isObject, type Fields } from "../wire/message.ts";
import type { Parts, RequestMessage, Visit } from "./parts.ts";

/** Opens the stream on which a modern client hears of changes (MCP 2026-07-28, `subscriptions/listen`). */
export async function listen(parts: Parts, visit: Visit, { id, params }: RequestMessage): Promise<Response> {
  const filter = filterOf(params["notifications"], parts.limits);
  const _meta = { [metaKeys.subscription]: id };
  const told = (method: string, said: object) => ({ jsonrpc: "2.0", method, params: { ...said, _meta } });
  const stream = new ChangeStream(parts, visit, {
    client: parts.connect(visit.caller),
    refusal: 200,
    messageOf: (change) => told(change.method, change.params),
    farewell: { jsonrpc: "2.0", id, result: { resultType: "complete", _meta } },
  });
  try {
    // Which resources there are is told at once; a server that is slow to say that it tells of its lists holds up nobody.
    if (filter.watched === undefined) stream.changes.hearLater(filter);
    else await stream.changes.hear(filter);
  } catch (failure) {
    stream.leave();
    throw failure;
  }
  stream.send(told("notifications/subscriptions/acknowledged", { notifications: acknowledged(filter) }));
  return stream.response;
}

function filterOf(given: unknown, { maxWatched, maxWatchedCharacters }: GatewayLimits): WorkspaceFilter {
  if (!isObject(given)) throw invalidParams("notifications is an object.");
  const {
    toolsListChanged,
    promptsListChanged,
    resourcesListChanged,
    resourceSubscriptions: uris = [],
  } = given;
  const isShort = (uri: unknown) => typeof uri === "string" && uri.length <= maxWatchedCharacters;
  if (!Array.isArray(uris) || uris.length > maxWatched || !uris.every(isShort)) {
    const why = `notifications.resourceSubscriptions has at most ${maxWatched} URIs of ${maxWatchedCharacters} characters.`;
    throw invalidParams(why);
  }
  return {
    ...(toolsListChanged === true && { tools: true }),
    ...(promptsListChanged === true && { prompts: true }),
    ...(resourcesListChanged === true && { resources: true }),
    ...(uris.length > 0 && { watched: [...new Set(uris as readonly string[])] }),
  };
}

function acknowledged({ tools, prompts, resources, watched }: WorkspaceFilter): Fields {
  return {
    ...(tools && { toolsListChanged: true }),
    ...(prompts && { promptsListChanged: true }),
    ...(resources && { resourcesListChanged: true }),
    ...(watched && { resourceSubscriptions: watched }),
  };
}
