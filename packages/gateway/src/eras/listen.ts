import type { WorkspaceFilter } from "@tenantry/core";
import { metaKeys } from "../exchange/said.ts";
import { Changes } from "../hearing/changes.ts";
import { EventStream, streamResponse } from "../wire/event-stream.ts";
import { invalidParams, Refused } from "../wire/failure.ts";
import type { GatewayLimits } from "../limits.ts";
import { isObject, type Fields } from "../wire/message.ts";
import type { Parts, RequestMessage, Visit } from "./parts.ts";

/** Opens the stream on which a modern client hears of changes (MCP 2026-07-28, `subscriptions/listen`). */
export async function listen(parts: Parts, visit: Visit, { id, params }: RequestMessage): Promise<Response> {
  const { clock, limits, streams, open } = parts;
  const filter = filterOf(params["notifications"], limits);
  const client = parts.connect(visit.caller);
  if (!streams.enter(visit.owner))
    throw new Refused({ status: 200, code: -32_000, message: "Too many streams are open." });
  let isOver = false;
  const _meta = { [metaKeys.subscription]: id };
  const send = (method: string, said: object) =>
    stream.send({ jsonrpc: "2.0", method, params: { ...said, _meta } });
  const changes = new Changes({
    client,
    clock,
    gatherMs: limits.gatherMs,
    tell: (change) => send(change.method, change.params),
  });
  const over = () => {
    if (isOver) return;
    isOver = true;
    changes.close();
    streams.leave(visit.owner);
    open.delete(ending);
    visit.request.signal.removeEventListener("abort", over);
  };
  const stream = new EventStream({ clock, ...limits, onLeave: over });
  const ending = {
    end: () => {
      stream.send({ jsonrpc: "2.0", id, result: { resultType: "complete", _meta } });
      stream.end();
      over();
    },
  };
  open.add(ending);
  visit.request.signal.addEventListener("abort", () => stream.leave(), { once: true });
  try {
    // Which resources there are is told at once; a server that is slow to say that it tells of its lists holds up nobody.
    if (filter.watched === undefined) changes.hearLater(filter);
    else await changes.hear(filter);
  } catch (failure) {
    stream.end();
    over();
    throw failure;
  }
  send("notifications/subscriptions/acknowledged", { notifications: acknowledged(filter) });
  return streamResponse(stream);
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
