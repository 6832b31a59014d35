import type { Clock, ServerEvent, SubscriptionFilter, Timer } from "@tenantry/core";
import { isObject, type ServerMessage } from "../message.ts";

/** The change that a notification tells of; `undefined` where it tells of none. */
export function eventOf({ method, params }: ServerMessage): ServerEvent | undefined {
  switch (method) {
    case "notifications/tools/list_changed":
      return { kind: "tools_changed" };
    case "notifications/prompts/list_changed":
      return { kind: "prompts_changed" };
    case "notifications/resources/list_changed":
      return { kind: "resources_changed" };
    case "notifications/resources/updated": {
      const uri = isObject(params) ? params.uri : undefined;
      return typeof uri === "string" ? { kind: "resource_updated", uri } : undefined;
    }
    default:
      return undefined;
  }
}

/** Whether a subscriber asked for a change. A server may tell of a part of a watched resource by the URI of that part. */
export function wants(filter: SubscriptionFilter, event: ServerEvent): boolean {
  switch (event.kind) {
    case "tools_changed":
      return filter.tools === true;
    case "prompts_changed":
      return filter.prompts === true;
    case "resources_changed":
      return filter.resources === true;
    case "resource_updated":
      return filter.resourceUris?.some((uri) => isWithin(uri, event.uri)) === true;
  }
}

/** What only begins like a watched resource can be somebody else's, where a connection is shared. */
function isWithin(whole: string, part: string): boolean {
  if (!part.startsWith(whole)) return false;
  const rest = part.slice(whole.length);
  return rest === "" || whole.endsWith("/") || /^[/?#]/u.test(rest);
}

/** How close together changes of one kind are one change, in milliseconds. */
const windowMs = 100;
/** How many kinds are kept apart; a server chooses the URIs of resources. */
const maxKinds = 1_024;

/**
 * Tells a listener of changes: the first at once, and those that follow within 100 ms together as one, so that a server
 * which tells of a thousand costs no more than one that tells of ten.
 */
export class Announcer {
  readonly #listener: (event: ServerEvent) => void;
  readonly #clock: Clock;
  readonly #windows = new Map<string, { readonly timer: Timer; again: boolean }>();

  constructor(listener: (event: ServerEvent) => void, clock: Clock) {
    this.#listener = listener;
    this.#clock = clock;
  }

  announce(event: ServerEvent): void {
    const key = event.kind === "resource_updated" ? `${event.kind} ${event.uri}` : event.kind;
    const open = this.#windows.get(key);
    if (open !== undefined) open.again = true;
    else if (this.#windows.size < maxKinds) this.#tell(key, event);
  }

  /** Tells of nothing more. */
  close(): void {
    for (const { timer } of this.#windows.values()) timer.cancel();
    this.#windows.clear();
  }

  #tell(key: string, event: ServerEvent): void {
    const timer = this.#clock.after(windowMs, () => {
      const again = this.#windows.get(key)?.again === true;
      this.#windows.delete(key);
      if (again) this.#tell(key, event);
    });
    this.#windows.set(key, { timer, again: false });
    try {
      this.#listener(event);
    } catch {
      // What a listener throws is its own affair.
    }
  }
}
