import { readBody, tooMany, type Body } from "./door/body.ts";
import { isModern } from "./eras/envelope.ts";
import { LegacyEra } from "./eras/legacy.ts";
import { ModernEra } from "./eras/modern.ts";
import type { Parts, Visit } from "./eras/parts.ts";
import { messageOf, type Incoming } from "./wire/message.ts";
import { errorResponse } from "./wire/reply.ts";

/** What a known principal's requests are answered with. */
export class Served {
  readonly #parts: Parts;
  readonly #modern: ModernEra;
  readonly #legacy: LegacyEra;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#modern = new ModernEra(parts);
    this.#legacy = new LegacyEra(parts);
  }

  /** Answers one request, by its method and by the era that it speaks. */
  async serve(visit: Visit): Promise<Response> {
    const { request } = visit;
    switch (request.method) {
      case "POST":
        return this.#post(visit);
      case "GET":
        if (!accepts(request, "text/event-stream")) return notAcceptable();
        return request.headers.has("mcp-session-id") ? this.#legacy.listen(visit) : notAllowed();
      case "DELETE":
        return request.headers.has("mcp-session-id") ? this.#legacy.end(visit) : notAllowed();
      default:
        return notAllowed();
    }
  }

  async #post(visit: Visit): Promise<Response> {
    const { request } = visit;
    if (!accepts(request, "application/json") || !accepts(request, "text/event-stream"))
      return notAcceptable();
    const body = await this.#read(visit);
    if ("unread" in body) return errorResponse(null, body.unread);
    const message: Incoming = messageOf(body.json);
    if (message.kind === "malformed")
      return errorResponse(message.id, { status: 400, code: -32_600, message: message.why });
    const era = isModern(message, request.headers) ? this.#modern : this.#legacy;
    return era.serve(visit, message);
  }

  /** What nobody has read yet takes room already. */
  async #read({ request, owner }: Visit): Promise<Body> {
    const { bodies, limits, clock } = this.#parts;
    if (!bodies.enter(owner)) return tooMany;
    try {
      return await readBody(request, limits, clock);
    } finally {
      bodies.leave(owner);
    }
  }
}

function accepts({ headers }: Request, type: string): boolean {
  const accept = headers.get("accept");
  return accept === null || accept.includes(type) || accept.includes("*/*");
}

function notAcceptable(): Response {
  const message = "Accept application/json and text/event-stream.";
  return errorResponse(null, { status: 406, code: -32_600, message });
}

function notAllowed(): Response {
  const refused = errorResponse(null, { status: 405, code: -32_600, message: "POST messages here." });
  refused.headers.set("allow", "POST, GET, DELETE");
  return refused;
}
