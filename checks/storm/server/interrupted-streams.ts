import type { Answer } from "./answer.ts";
import type { Notebook } from "./notebook.ts";
import { nameOf } from "../people.ts";
import type { Session } from "./sessions.ts";
import { headerOf, type Visit } from "./visit.ts";

interface Interrupted {
  readonly session: Session;
  readonly answer: Answer;
}

/**
 * Streams that ended without their answer. Of a legacy session, half of them can be resumed (MCP 2025-11-25, Streamable
 * HTTP, resumability): the answer is then whoever's the stream was.
 */
export class InterruptedStreams {
  readonly #notebook: Notebook;
  readonly #byEventId = new Map<string, Interrupted>();

  constructor(notebook: Notebook) {
    this.#notebook = notebook;
  }

  /** Ends the stream without the answer, and keeps that where the client can ask for it. */
  interrupt({ response, weather }: Visit, answer: Answer, session: Session | undefined): void {
    const canResume = session !== undefined && weather.force < 0.5;
    const id = `event-${this.#byEventId.size + 1}`;
    if (canResume) this.#byEventId.set(id, { session, answer });
    response.writeHead(200, { ...answer.headers, "content-type": "text/event-stream" });
    response.end(canResume ? `id: ${id}\nretry: 100\ndata:\n\n` : ": nothing to say\n\n");
  }

  /** The answer that a client asks for by the last event that it has seen; `undefined` where it asks for none. */
  rest({ request, session, holder }: Visit): Answer | undefined {
    const id = request.method === "GET" ? headerOf(request, "last-event-id") : undefined;
    const interrupted = id === undefined ? undefined : this.#byEventId.get(id);
    if (interrupted === undefined) return undefined;
    if (interrupted.session === session) return { ...interrupted.answer, headers: {} };
    const owner = nameOf(interrupted.session.owner);
    this.#notebook.crossed(`${nameOf(holder)} asked for the rest of a stream of ${owner}`);
    return { status: 404 };
  }
}
