import type { WorkspaceFilter } from "@tenantry/core";
import { keyOf } from "../door/caller.ts";
import { metaKeys } from "../exchange/said.ts";
import { Changes } from "../hearing/changes.ts";
import { EventStream, streamResponse } from "../wire/event-stream.ts";
import { invalidParams, Refused } from "../wire/failure.ts";
import { isObject, type Fields } from "../wire/message.ts";
import type { Parts, RequestMessage, Visit } from "./parts.ts";

/** Opens the stream on which a modern client hears of changes (MCP 2026-07-28, `subscriptions/listen`). */
export async function listen(parts: Parts, visit: Visit, { id, params }: RequestMessage): Promise<Response> {
  const { clock, limits, streams, open } = parts;
  const filter = filterOf(params["notifications"], limits.maxWatched);
  const key = keyOf(visit.principal);
  const client = parts.connect(visit.caller);
  if (!streams.enter(key))
    throw new Refused({ status: 200, code: -32_000, message: "Too many streams are open." });
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
    changes.close();
    streams.leave(key);
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

function filterOf(given: unknown, maxWatched: number): WorkspaceFilter {
  if (!isObject(given)) throw invalidParams("notifications is an object.");
  const {
    toolsListChanged,
    promptsListChanged,
    resourcesListChanged,
    resourceSubscriptions: uris = [],
  } = given;
  if (!Array.isArray(uris) || uris.length > maxWatched || uris.some((uri) => typeof uri !== "string"))
    throw invalidParams(`notifications.resourceSubscriptions has at most ${maxWatched} URIs.`);
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
