import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { refusal, send, sendSpoilt, type Answer, type Style } from "./answer.ts";
import { Desk, type Message } from "./desk.ts";
import { diceOf } from "../dice.ts";
import { Door } from "./door.ts";
import { InterruptedStreams } from "./interrupted-streams.ts";
import type { Ledger } from "../ledger.ts";
import { Notebook } from "./notebook.ts";
import { nameOf, type TokenHolder } from "../people.ts";
import { Sessions } from "./sessions.ts";
import type { Visit } from "./visit.ts";
import { weatherOf, type Odds, type Weather } from "../weather.ts";

/** What a server is and what it meets. */
export interface StormServerOptions {
  readonly name: string;
  readonly era: "legacy" | "modern";
  readonly style: Style;
  /** The workspaces that have it. */
  readonly workspaces: readonly string[];
  readonly seed: number;
  readonly odds: Odds;
}

/** An MCP server that knows whose everything is, and does to each request what its seed says. */
export class StormServer implements AsyncDisposable {
  readonly #options: StormServerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Sessions();
  readonly #notebook: Notebook;
  readonly #door: Door;
  readonly #desk: Desk;
  readonly #interrupted: InterruptedStreams;
  /** How many requests of each person have come, by which their weather is rolled. */
  readonly #visits = new Map<string, number>();

  private constructor(options: StormServerOptions) {
    const { name: server, era, workspaces } = options;
    const sessions = this.#sessions;
    const notebook = new Notebook(server);
    this.#options = options;
    this.#notebook = notebook;
    this.#door = new Door({ sessions, notebook, workspaces });
    this.#desk = new Desk({ server, era, sessions, notebook });
    this.#interrupted = new InterruptedStreams(notebook);
    // That a client leaves in the middle of its request is no failure.
    this.#server = createServer((request, response) => {
      this.#receive(request, response).catch(() => response.destroy());
    });
    // A socket that the server ended for being idle would be a fault that nobody noted.
    Object.assign(this.#server, { keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 });
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket)).on("error", () => {});
    });
  }

  /** Starts one on a free port of 127.0.0.1. */
  static async start(options: StormServerOptions): Promise<StormServer> {
    const server = new StormServer(options);
    await once(server.#server.listen(0, "127.0.0.1"), "listening");
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/mcp`;
  }

  get ledger(): Ledger {
    return {
      ...this.#notebook.notes,
      requests: [...this.#visits.values()].reduce((sum, count) => sum + count, 0),
      sessions: this.#sessions.records(),
      openSockets: this.#sockets.size,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server.close(), "close");
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const admitted = this.#door.admit(request);
    if (admitted === undefined) return send(response, refusal(403, "This is somebody else's"));
    const weather = this.#weatherFor(admitted.holder);
    const visit: Visit = { request, response, ...admitted, weather };
    const { session } = visit;
    if (session !== undefined) session.usedAt = Date.now();
    await this.#serve(visit);
    if (request.method === "DELETE" && session?.state === "alive") session.spared = true;
  }

  /** Each person's requests have a weather of their own, whoever else's come between them. */
  #weatherFor(holder: TokenHolder): Weather {
    const { seed, name, odds } = this.#options;
    const person = nameOf(holder);
    const visits = (this.#visits.get(person) ?? 0) + 1;
    this.#visits.set(person, visits);
    return weatherOf(diceOf(seed, name, person, visits), odds);
  }

  async #serve(visit: Visit): Promise<void> {
    const { request, response, holder, weather } = visit;
    if (weather.fault === "reset before it was read") {
      this.#notebook.met(holder, weather.fault);
      request.socket.resetAndDestroy();
      return;
    }
    const text = await textOf(request);
    if (weather.latencyMs > 0) await sleep(weather.latencyMs);
    const turnedAway = this.#door.turnAway(visit);
    if (turnedAway !== undefined) return send(response, turnedAway);
    const message = text === "" ? {} : (JSON.parse(text) as Message);
    return this.#work(visit, () => this.#interrupted.rest(visit) ?? this.#desk.answer(visit, message));
  }

  /** Works where the weather lets it, and loses the answer where the weather takes it. */
  async #work(visit: Visit, work: () => Answer): Promise<void> {
    const { request, response, holder, weather } = visit;
    switch (weather.fault) {
      case "reset after it was read":
      case "half-open":
      case "server error": {
        this.#notebook.met(holder, weather.fault);
        if (weather.worksFirst) work();
        if (weather.fault === "server error") send(response, refusal(500, "It failed"));
        if (weather.fault === "reset after it was read") request.socket.resetAndDestroy();
        return;
      }
      default:
        return this.#answer(visit, work());
    }
  }

  async #answer(visit: Visit, answer: Answer): Promise<void> {
    const { response, holder, weather } = visit;
    // The rest of a stream is a stream, too.
    const style = visit.request.method === "GET" ? "sse" : this.#options.style;
    if (response.destroyed) return;
    // What says nothing cannot be said badly.
    if (answer.status !== 200 || answer.body === undefined) return send(response, answer);
    const session = this.#sessions.find(answer.headers?.["mcp-session-id"]);
    if (session !== undefined) session.told = weather.fault !== "reset in mid-answer";
    switch (weather.fault) {
      case "reset in mid-answer":
      case "truncated answer":
      case "slow drip":
        this.#notebook.met(holder, weather.fault);
        return sendSpoilt(response, answer, style, { fault: weather.fault, force: weather.force });
      case "stream without an answer":
        this.#notebook.met(holder, weather.fault);
        return this.#interrupted.interrupt(visit, answer, session ?? visit.session);
      default:
        return send(response, answer, style);
    }
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += String(chunk);
  return text;
}
