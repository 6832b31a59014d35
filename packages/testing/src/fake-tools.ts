import { systemClock, type CallToolResult, type Clock, type Tool } from "@tenantry/core";

/** One tool of a fake server. */
export interface FakeTool {
  /** What the server says about it; calls are checked against its `inputSchema`. */
  readonly definition: Tool;
  /** Does its work; a failure becomes a JSON-RPC error. */
  call(
    args: Readonly<Record<string, unknown>>,
    context: FakeToolContext,
  ): CallToolResult | Promise<CallToolResult>;
}

/** What a fake tool knows of the call. */
export interface FakeToolContext {
  /** The user that the caller's key belongs to. */
  readonly user: string | undefined;
  /** The caller's key as it arrived. */
  readonly credential: string | undefined;
  /** The legacy session; `undefined` in the modern era and in memory. */
  readonly sessionId: string | undefined;
  /** What the tools of one session, or of one pipe, remember; the modern era begins anew with each request. */
  readonly state: Map<string, unknown>;
  /** Aborts when the caller cancels or leaves. */
  readonly signal: AbortSignal;
  /** Tells the caller how far the call has come; does nothing where nobody asked. */
  progress(progress: number, total: number): Promise<void>;
}

/** How the default tools keep time. */
export interface DefaultToolsOptions {
  /** What `sleep` waits by; defaults to the real clock. */
  readonly clock?: Clock;
}

/** The tools that a fake server has unless it is given others: `whoami echo sleep fail counter add`. */
export function defaultTools(options: DefaultToolsOptions = {}): readonly FakeTool[] {
  const { clock = systemClock } = options;
  return Object.freeze([whoami(), echo(), sleep(clock), fail(), counter(), add()]);
}

function whoami(): FakeTool {
  return {
    definition: {
      name: "whoami",
      description: "Tells whose key the request carried.",
      inputSchema: { type: "object" },
      annotations: { readOnlyHint: true },
    },
    call: (_args, { user, credential, sessionId }) => ({
      content: [{ type: "text", text: user ?? "nobody" }],
      structuredContent: { user: user ?? null, credential: credential ?? null, sessionId: sessionId ?? null },
    }),
  };
}

function echo(): FakeTool {
  return {
    definition: {
      name: "echo",
      description: "Gives back the text.",
      inputSchema: { type: "object", properties: { text: { type: "string" } } },
      annotations: { readOnlyHint: true },
    },
    call: (args) => text(String(args["text"] ?? "")),
  };
}

/** Reports progress four times, so that a test can tell a slow call from a silent one. */
function sleep(clock: Clock): FakeTool {
  const steps = 4;
  return {
    definition: {
      name: "sleep",
      description: "Waits, and reports progress meanwhile.",
      inputSchema: { type: "object", properties: { ms: { type: "number", minimum: 0 } }, required: ["ms"] },
      annotations: { readOnlyHint: true },
    },
    async call(args, { signal, progress }) {
      const ms = Number(args["ms"]);
      for (let step = 1; step <= steps; step++) {
        await wait(clock, ms / steps, signal);
        await progress(step, steps);
      }
      return text(`slept ${ms} ms`);
    },
  };
}

function fail(): FakeTool {
  return {
    definition: { name: "fail", description: "Fails.", inputSchema: { type: "object" } },
    call: () => ({ ...text("The tool failed, as it should."), isError: true }),
  };
}

/** Neither read-only nor idempotent: a call that is sent twice shows. */
function counter(): FakeTool {
  return {
    definition: {
      name: "counter",
      description: "Counts the calls within one session.",
      inputSchema: { type: "object" },
      annotations: { readOnlyHint: false, idempotentHint: false },
    },
    call(_args, { state }) {
      const count = Number(state.get("count") ?? 0) + 1;
      state.set("count", count);
      return { ...text(String(count)), structuredContent: { count } };
    },
  };
}

function add(): FakeTool {
  const numbers = { a: { type: "number" }, b: { type: "number" } };
  return {
    definition: {
      name: "add",
      description: "Adds two numbers and accepts nothing else.",
      inputSchema: { type: "object", properties: numbers, required: ["a", "b"], additionalProperties: false },
      outputSchema: { type: "object", properties: { sum: { type: "number" } }, required: ["sum"] },
      annotations: { readOnlyHint: true },
    },
    call(args) {
      const sum = Number(args["a"]) + Number(args["b"]);
      return { ...text(String(sum)), structuredContent: { sum } };
    },
  };
}

function text(value: string): CallToolResult {
  return { content: [{ type: "text", text: value }] };
}

function wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      timer.cancel();
      // The reason is the caller's own and is passed on as it is.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      reject(signal.reason);
    };
    const timer = clock.after(ms, () => {
      signal.removeEventListener("abort", leave);
      resolve();
    });
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
  });
}
