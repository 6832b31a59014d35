import { TenantryError, type Clock } from "@tenantry/core";
import type { ExchangeResponse } from "@tenantry/egress";
import { readEventStream } from "./event-stream.ts";
import type { ClientLimits } from "../limits.ts";
import { pause } from "../pause.ts";

/** What a legacy server's stream of events is read with. */
export interface ResumedStreamOptions {
  /** Asks for the stream, from behind the event with this id; throws where the server does not give one. */
  readonly get: (lastEventId: string | undefined) => Promise<ExchangeResponse>;
  /** Takes the data of one event. */
  readonly receive: (data: string) => void;
  /** Whether nothing more is awaited. */
  readonly isDone: () => boolean;
  /** Whether the stream is asked for again even where no event of it had an id. */
  readonly startsOver: boolean;
  readonly limits: ClientLimits;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Until a server says how long to wait. */
const defaultRetryMs = 1_000;
/** However soon a server wants to be asked again. */
const leastRetryMs = 100;

/**
 * Reads a stream and goes on where it broke or was ended early (MCP 2025-11-25, Streamable HTTP, resumability), with the
 * pause that the server asks for. Returns once nothing more is awaited, or where the stream cannot be resumed; throws
 * what the last attempt failed with after `maxStreamReconnects` in a row that brought nothing.
 */
export async function readResumedStream(
  first: ExchangeResponse,
  options: ResumedStreamOptions,
): Promise<void> {
  const { get, limits, clock, signal, isDone, startsOver } = options;
  const place = { id: undefined as string | undefined, retryMs: defaultRetryMs, hasMoved: false };
  let failure: unknown;
  let response: ExchangeResponse | undefined = first;
  for (let barren = 0; ; barren++) {
    if (response !== undefined) failure = await readOnce(response, place, options);
    if (place.hasMoved) barren = 0;
    place.hasMoved = false;
    if (isDone()) return;
    if (place.id === undefined && !startsOver) break;
    if (barren >= limits.maxStreamReconnects) break;
    // A stream of its own has no deadline, so that a server which goes on ending it is asked less and less often.
    const delayMs = startsOver ? place.retryMs * 2 ** barren : place.retryMs;
    await pause(clock, Math.min(delayMs, limits.maxRetryAfterMs), signal);
    response = await get(place.id).catch((refusal: unknown) => void (failure = worthAnother(refusal)));
  }
  if (failure instanceof TenantryError) throw failure;
}

/** Reads one response; gives the failure of a connection that broke, and throws any other. */
async function readOnce(
  response: ExchangeResponse,
  place: { id: string | undefined; retryMs: number; hasMoved: boolean },
  { receive, limits }: ResumedStreamOptions,
): Promise<unknown> {
  try {
    await readEventStream(response, limits, {
      event(data, event) {
        if (event !== undefined && event !== "message") return;
        place.hasMoved = true;
        receive(data);
      },
      id(id) {
        // It is sent back in a header.
        if (!/^[\u0020-\u007e]{1,1024}$/u.test(id)) return;
        place.hasMoved ||= id !== place.id;
        place.id = id;
      },
      retry(afterMs) {
        place.retryMs = Math.min(Math.max(afterMs, leastRetryMs), limits.maxRetryAfterMs);
      },
    });
    return undefined;
  } catch (failure) {
    return worthAnother(failure);
  }
}

/** Gives back a failure that may be gone at the next attempt; throws any other. */
function worthAnother(failure: unknown): unknown {
  const passes =
    failure instanceof TenantryError &&
    (failure.code === "CONNECTION_LOST" ||
      failure.code === "CONNECT_FAILED" ||
      failure.code === "SERVER_UNAVAILABLE");
  if (!passes) throw failure;
  return failure;
}
