import { originOf, systemClock, type Origin } from "@tenantry/core";
import { Loopback, sendResponse } from "./loopback.ts";
import { Recording, type RecordedRequest } from "./recording.ts";

/** A bare HTTP server on an origin of its own. */
export interface Recorder extends AsyncDisposable {
  /** Where it listens. */
  readonly url: URL;
  /** The origin of `url`. */
  readonly origin: Origin;
  /** Every request, in order of arrival. */
  readonly requests: readonly RecordedRequest[];
  /** Stops listening and ends every socket. */
  close(): Promise<void>;
}

/** What a recorder answers to everything. */
export interface RecorderOptions {
  /** The HTTP status; defaults to 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Starts a server that records what reaches it, on any path, and understands nothing; it shows where secrets go. */
export async function startRecorder(options: RecorderOptions = {}): Promise<Recorder> {
  const { status = 200, headers = {}, body = null } = options;
  const recording = new Recording(systemClock, () => undefined);
  const loopback = new Loopback(async (request, response) => {
    const { record } = await recording.receive(request, response);
    record.status = status;
    await sendResponse(response, new Response(body, { status, headers }));
  });
  const url = await loopback.listen();
  const close = () => loopback.close();
  return { url, origin: originOf(url), requests: recording.requests, close, [Symbol.asyncDispose]: close };
}
