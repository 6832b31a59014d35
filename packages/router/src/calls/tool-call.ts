import {
  quote,
  TenantryError,
  traced,
  type CallToolOptions,
  type CallToolResult,
  type Connection,
  type Delivery,
  type DiagnosticEvents,
  type JsonObject,
  type ServerId,
  withDeadline,
} from "@tenantry/core";
import type { Admitted, ToolGuard } from "../guards/tool-guard.ts";
import { runAt, type Candidate, type Routing } from "../routing.ts";
import { byCatalogName, byOwnName, findPlace, type Place, type Search } from "./find-place.ts";

/** What is called. */
export interface ToolCallRequest {
  readonly args: JsonObject;
  readonly options: CallToolOptions;
  /** Those with which one server is asked. */
  readonly optionsFor: (candidate: Candidate) => CallToolOptions;
  /** For the whole call: connecting, finding the tool and running it. */
  readonly timeoutMs: number;
  /** The server, where it is certain before the tool is found. */
  readonly server: ServerId | undefined;
  /** The error for a tool that no candidate has. */
  readonly unknown: () => TenantryError;
}

/** One call of one tool, from its name to its result. */
export class ToolCall {
  readonly #routing: Routing;
  readonly #request: ToolCallRequest;
  #delivery: Delivery = "unsent";
  #isRepeatable = false;
  /** What is told of the call, where somebody listens to its diagnostics. */
  #heard: DiagnosticEvents["tenantry:router:call"] | undefined;

  constructor(routing: Routing, request: ToolCallRequest) {
    this.#routing = routing;
    this.#request = request;
  }

  /** Calls a tool that the guards find and let through. */
  guarded(guard: ToolGuard, name: string): Promise<CallToolResult> {
    return this.#timed(name, (signal) => guard.run(signal, (admitted) => this.#admitted(admitted, signal)));
  }

  /** Calls a tool by the server's own name, without looking for it where everything that the server has is shown. */
  byPlace(place: Place): Promise<CallToolResult> {
    const { candidate, name } = place;
    return this.#timed(name, (signal) =>
      candidate.listing.hasOverrides
        ? this.#findOn(candidate, name, byOwnName(name), signal)
        : this.#at(place, signal),
    );
  }

  /** Calls a tool by its catalog name, which only the candidates can own. */
  byName(candidates: readonly [Candidate, ...Candidate[]], name: string): Promise<CallToolResult> {
    const [only, ...others] = candidates;
    const search = byCatalogName(name);
    return this.#timed(name, async (signal) => {
      if (others.length === 0) return this.#findOn(only, name, search, signal);
      return this.#at(await this.#find(candidates, search, signal), signal);
    });
  }

  #at({ candidate, name }: Place, signal: AbortSignal): Promise<CallToolResult> {
    return this.#traced(candidate, name, () =>
      this.#run(
        candidate,
        (connection) => this.#send(connection, candidate, { name, args: this.#request.args }, signal),
        signal,
      ),
    );
  }

  #admitted({ place, args, isRepeatable, check }: Admitted, signal: AbortSignal): Promise<CallToolResult> {
    const { candidate, name } = place;
    const work = (connection: Connection) => {
      const send = () => this.#send(connection, candidate, { name, args }, signal);
      // Nothing to wait for is the usual case.
      const checking = check(connection, signal);
      return checking === undefined ? send() : checking.then(send);
    };
    return this.#traced(candidate, name, () => this.#run(candidate, work, signal, isRepeatable));
  }

  #findOn(
    candidate: Candidate,
    asked: string,
    search: Pick<Search, "pick" | "mayShare">,
    signal: AbortSignal,
  ): Promise<CallToolResult> {
    return this.#traced(candidate, asked, async () => {
      let known: string | undefined;
      // The usual case, a tool that this user was told of, borrows the connection only once.
      const atOnce = async (connection: Connection) => {
        // Only now it is certain whose authority is at hand. What is sent again is what was sent first.
        known ??= this.#known(candidate, search);
        if (known === undefined) return undefined;
        this.#named(known);
        return {
          result: await this.#send(connection, candidate, { name: known, args: this.#request.args }, signal),
        };
      };
      const called = await this.#run(candidate, atOnce, signal);
      if (called !== undefined) return called.result;
      const { name } = await this.#find([candidate], search, signal);
      this.#named(name);
      return this.#run(
        candidate,
        (connection) => this.#send(connection, candidate, { name, args: this.#request.args }, signal),
        signal,
      );
    });
  }

  #find(
    candidates: readonly Candidate[],
    search: Pick<Search, "pick" | "mayShare">,
    signal: AbortSignal,
  ): Promise<Place> {
    const { unknown } = this.#request;
    return findPlace(this.#routing, candidates, { kind: "tools", ...search, unknown }, signal);
  }

  #known(candidate: Candidate, { pick }: Pick<Search, "pick">): string | undefined {
    const known = this.#routing.catalog.known(candidate, "tools");
    return known && pick(candidate.listing, known.list);
  }

  #run<T>(
    { route }: Candidate,
    work: (connection: Connection) => Promise<T>,
    signal: AbortSignal,
    isRepeatable = false,
  ): Promise<T> {
    this.#isRepeatable = isRepeatable || this.#request.options.idempotent === true;
    const resend = this.#isRepeatable ? "safe" : "refused";
    const { pool, catalog } = this.#routing;
    return catalog.heed(route, runAt(pool, route, work, { signal, resend }));
  }

  async #send(
    connection: Connection,
    candidate: Candidate,
    { name, args }: { readonly name: string; readonly args: JsonObject },
    signal: AbortSignal,
  ): Promise<CallToolResult> {
    const { optionsFor } = this.#request;
    const options = optionsFor(candidate);
    const { onProgress, onLog, logLevel, handlers, rounds, meta } = options;
    const { trace } = this.#heard ?? options;
    const before = this.#delivery;
    this.#delivery = "unknown";
    try {
      const params = { name, arguments: args };
      const result = await connection.request("tools/call", params, {
        signal,
        // The signal is the deadline of the whole call.
        timeoutMs: Infinity,
        onProgress,
        onLog,
        logLevel,
        handlers,
        rounds,
        meta,
        trace,
        onDeviation: this.#onDeviation(),
      });
      if (this.#heard !== undefined) this.#heard.isError = result.isError === true;
      return result;
    } catch (failure) {
      // One attempt that may have run is not made good by a later one that surely did not.
      if (before !== "unknown" && failure instanceof TenantryError) this.#delivery = failure.delivery;
      throw failure;
    }
  }

  /** Absent where nobody listens: an answer is not looked through for nothing. */
  #onDeviation(): CallToolOptions["onDeviation"] {
    const { onDeviation } = this.#request.options;
    const heard = this.#heard;
    if (heard === undefined) return onDeviation;
    return (deviation) => {
      heard.deviations.push(deviation);
      onDeviation?.(deviation);
    };
  }

  #timed(tool: string, work: (signal: AbortSignal) => Promise<CallToolResult>): Promise<CallToolResult> {
    const { timeoutMs, options } = this.#request;
    const expired = () => this.#timeout(tool);
    return withDeadline(
      { keepAlive: true, clock: this.#routing.clock, timeoutMs, signal: options.signal, expired },
      work,
    );
  }

  #timeout(tool: string): TenantryError {
    const { timeoutMs, options, server } = this.#request;
    const mayHaveRun = this.#delivery === "unknown" || this.#delivery === "answered";
    const next = mayHaveRun
      ? "it may have run, so look before calling it again"
      : "it was not run; call it again";
    const message = `The call of ${quote(tool)} took longer than ${timeoutMs} ms; ${next}.`;
    const retryable = !mayHaveRun || this.#isRepeatable || options.idempotent === true;
    return new TenantryError("TIMEOUT", message, {
      delivery: this.#delivery,
      retryable,
      ...(server === undefined ? {} : { server }),
    });
  }

  /** Tells of the call by the name that was asked for, until the server's own is known. */
  #traced<T>({ route }: Candidate, asked: string, work: () => Promise<T>): Promise<T> {
    return traced(
      "tenantry:router:call",
      () => ({
        scope: route.target.scope,
        server: route.target.server.id,
        tool: asked,
        deviations: [],
        trace: this.#request.options.trace,
      }),
      (heard) => {
        this.#heard = heard;
        return work();
      },
    );
  }

  #named(tool: string): void {
    if (this.#heard !== undefined) this.#heard.tool = tool;
  }
}
