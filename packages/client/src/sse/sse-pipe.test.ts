import { setImmediate } from "node:timers/promises";
import { inspect } from "node:util";
import {
  secret,
  systemClock,
  TenantryError,
  withDeadline,
  type CloseReason,
  type Credential,
  type HttpEndpoint,
  type Origin,
} from "@tenantry/core";
import { createEgress, type Egress, type ExchangeRequest } from "@tenantry/egress";
import { manualClock } from "@tenantry/testing";
import { expect, onTestFinished, test as it, vi } from "vitest";
import { startSseServer, type SseServer, type SseServerOptions } from "../../test/sse-server.ts";
import { defaultClientLimits, type ClientLimits } from "../limits.ts";
import { openSsePipe, type SsePipe, type SsePipeOptions } from "./sse-pipe.ts";

interface Rig {
  readonly egress: Egress;
  readonly server: SseServer;
  open(
    more?: Partial<Omit<SsePipeOptions, "limits">> & { readonly limits?: Partial<ClientLimits> },
  ): Promise<SsePipe>;
}

async function rig(options: SseServerOptions = {}): Promise<Rig> {
  const server = await startSseServer(options);
  const egress = createEgress();
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    await egress.close();
  });
  return {
    egress,
    server,
    async open({ limits, ...more } = {}) {
      const pipe = await openSsePipe({
        egress,
        endpoint: endpointOf(server.url),
        credential: () => undefined,
        clock: systemClock,
        signal: new AbortController().signal,
        ...more,
        limits: { ...defaultClientLimits, ...limits },
      });
      onTestFinished(() => pipe.close());
      return pipe;
    },
  };
}

function endpointOf(url: URL): HttpEndpoint {
  return Object.freeze({
    kind: "http",
    url,
    provenance: "code",
    headers: Object.freeze({ "x-team": "acme" }),
  });
}

const token = "s3cr3t-t0ken-of-ada";

function bearer({ origin }: URL, more: Partial<Credential> = {}): Credential {
  return {
    subject: "ada",
    generation: "1",
    origins: [origin as Origin],
    headers: () => ({ authorization: { value: secret(`Bearer ${token}`), replaces: false } }),
    ...more,
  };
}

type Message = Readonly<Record<string, unknown>>;

/** Speaks JSON-RPC by hand. */
function speaker(pipe: SsePipe) {
  const received: Message[] = [];
  const asked = new Map<unknown, (answer: Message) => void>();
  pipe.start((one) => {
    const message = one as Message;
    received.push(message);
    asked.get(message.id)?.(message);
  });
  return {
    received,
    async ask(method: string, params: Message = {}): Promise<Message> {
      const id = asked.size + 1;
      const { promise, resolve } = Promise.withResolvers<Message>();
      asked.set(id, resolve);
      await pipe.send({ jsonrpc: "2.0", id, method, params });
      return promise;
    },
  };
}

const handshake = {
  protocolVersion: "2024-11-05",
  capabilities: {},
  clientInfo: { name: "tenantry", version: "0.0.0" },
};

async function initialised(pipe: SsePipe) {
  const speaking = speaker(pipe);
  const { result } = await speaking.ask("initialize", handshake);
  await pipe.send({ jsonrpc: "2.0", method: "notifications/initialized" });
  return { ...speaking, result };
}

async function failureOf(promise: Promise<unknown>): Promise<TenantryError> {
  const failure: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(TenantryError);
  return failure as TenantryError;
}

const echo = (text: string) => ({ name: "echo", arguments: { text } });
const ping = Object.freeze({ jsonrpc: "2.0", id: 1, method: "ping" });

/** Nothing is open or on its way, at either end. */
async function expectNothingOpen({ egress, server }: Rig): Promise<void> {
  await vi.waitFor(async () => {
    expect(egress.stats()).toEqual({ sockets: 0, requests: 0 });
    expect(server.openStreams).toBe(0);
    expect(await server.connections()).toBe(0);
  });
}

it("speaks to the official SDK's server: the handshake, a list and a call", async () => {
  const { open, server } = await rig();
  const { ask, result } = await initialised(await open());
  expect(result).toMatchObject({ protocolVersion: "2024-11-05", serverInfo: { name: "old" } });
  expect(await ask("tools/list")).toMatchObject({ result: { tools: [{ name: "echo" }, { name: "count" }] } });
  expect(await ask("tools/call", echo("hi"))).toMatchObject({ result: { content: [{ text: "hi" }] } });
  const [get, ...posts] = server.seen;
  expect(get).toMatchObject({ method: "GET", path: "/sse", headers: { accept: "text/event-stream" } });
  expect(posts.map(({ method, path }) => `${method} ${path.split("=")[0]}`)).toEqual(
    Array(4).fill("POST /messages?sessionId"),
  );
  expect(posts[0]?.headers["content-type"]).toBe("application/json");
});

it("serves two requests at once, and two pipes side by side", async () => {
  const { open } = await rig();
  const [one, other] = [await initialised(await open()), await initialised(await open())];
  const answers = await Promise.all([
    one.ask("tools/call", echo("a")),
    one.ask("tools/call", echo("b")),
    other.ask("tools/call", echo("c")),
  ]);
  const texts = answers.map(({ result }) => (result as { content: { text: string }[] }).content[0]?.text);
  expect(texts).toEqual(["a", "b", "c"]);
  expect(one.received).toHaveLength(3);
});

it("delivers messages in the order in which they were sent", async () => {
  const { open } = await rig();
  const { ask, received } = await initialised(await open());
  await ask("tools/call", { name: "count", arguments: { steps: 100 } });
  const steps = received.filter(({ method }) => method === "notifications/message");
  expect(steps.map(({ params }) => (params as Message).data)).toEqual(
    Array.from({ length: 100 }, (_, at) => at + 1),
  );
  expect(received.at(-1)).toHaveProperty("result");
});

it("posts over one socket that is kept", async () => {
  const { open, server } = await rig();
  const { ask } = await initialised(await open());
  for (let call = 0; call < 10; call++) await ask("tools/call", echo("hi"));
  expect(await server.connections()).toBe(2);
});

it("keeps nothing of a message that was taken", async () => {
  const { open, egress } = await rig();
  const clock = manualClock();
  const exchange = vi.fn((request: ExchangeRequest) => egress.exchange(request));
  const pipe = await open({ egress: { exchange }, clock });
  await initialised(pipe);
  expect(clock.pending).toBe(0);
  await pipe.close();
  expect(exchange.mock.calls.map(([{ signal }]) => signal?.aborted)).toEqual([true, false, false]);
});

it("does not wait for the end of an answer to a message", async () => {
  const here = await rig({ post: "endless" });
  const pipe = await here.open();
  await pipe.send(ping);
  await vi.waitFor(() => expect(here.egress.stats()).toEqual({ sockets: 1, requests: 1 }));
});

it("keeps what came before the start, in order, and begins only after it", async () => {
  const noise = ["one", "two"].map((method) => `data: {"jsonrpc":"2.0","method":"${method}"}\n\n`).join("");
  const { open } = await rig({ endpoint: "/messages", noise });
  const { received } = speaker(await open());
  expect(received).toEqual([]);
  await setImmediate();
  expect(received.map(({ method }) => method)).toEqual(["one", "two"]);
});

it("skips what is not JSON, events that it does not know and a second endpoint", async () => {
  const noise = `data: hello\n\nevent: ad\ndata: {"jsonrpc":"2.0","method":"ad"}\n\nevent: endpoint\ndata: http://192.0.2.1/\n\n`;
  const { open } = await rig({ noise });
  const { ask, received } = await initialised(await open());
  await ask("ping");
  expect(received).toHaveLength(2);
});

it.each(["/elsewhere?session=1", "elsewhere?session=1", "absolute"])(
  "posts to the URI that the server names, relative to its own url (%s)",
  async (uri) => {
    const options: { endpoint?: string } = {};
    const { open, server } = await rig(options);
    options.endpoint = uri === "absolute" ? new URL("/elsewhere?session=1", server.url).href : uri;
    const pipe = await open();
    await failureOf(pipe.send(ping));
    expect(server.seen.at(-1)?.path).toBe("/elsewhere?session=1");
  },
);

it.each([
  ["of another port", "ORIGIN_REFUSED", (foreign: URL) => foreign.href],
  ["of another host", "ORIGIN_REFUSED", (foreign: URL) => `//localhost:${foreign.port}/`],
  ["of another scheme", "ORIGIN_REFUSED", (_: URL, own: URL) => `https://${own.host}/`],
  ["of no web scheme", "ORIGIN_REFUSED", () => "javascript:alert(1)"],
  ["of a blob of its own", "ORIGIN_REFUSED", (_: URL, own: URL) => `blob:${own.origin}/1`],
  ["behind a backslash", "ORIGIN_REFUSED", (foreign: URL) => `\\\\${foreign.host}\\`],
  ["with a password", "ADDRESS_REFUSED", (_: URL, own: URL) => `http://ada:${token}@${own.host}/`],
  ["that is no URL", "PROTOCOL_VIOLATION", () => "http://["],
  ["that is too long", "LIMIT_EXCEEDED", () => `/${"x".repeat(8 * 1024)}`],
] as const)("refuses an endpoint %s, and sends nothing there", async (_, code, endpoint) => {
  const foreign = await rig();
  const options: { endpoint?: string } = {};
  const here = await rig(options);
  options.endpoint = endpoint(foreign.server.url, here.server.url);
  const failure = await failureOf(here.open({ credential: () => bearer(here.server.url) }));
  expect(failure).toMatchObject({ code, delivery: "unsent" });
  expect(inspect(failure)).not.toContain(token);
  expect(here.server.seen).toHaveLength(1);
  expect(foreign.server.seen).toEqual([]);
  await expectNothingOpen(here);
});

it("takes an endpoint of 8,192 characters", async () => {
  const { open } = await rig({ endpoint: `/${"x".repeat(8 * 1024 - 1)}` });
  await expect(open()).resolves.toBeDefined();
});

it.each([{}, { comments: true }])(
  "ends at the deadline of the opening where no endpoint is ever named (%o)",
  async (more) => {
    const silent = await rig({ endpoint: null, ...more });
    const clock = manualClock();
    const late = new Error("late");
    const timeoutMs = defaultClientLimits.handshakeTimeoutMs;
    const opening = withDeadline({ clock, timeoutMs, expired: () => late }, (signal) =>
      silent.open({ signal, clock }),
    );
    const ended = expect(opening).rejects.toBe(late);
    await vi.waitFor(() => expect(silent.server.openStreams).toBe(1));
    await clock.advance(timeoutMs);
    await ended;
    await expectNothingOpen(silent);
    expect(clock.pending).toBe(0);
  },
);

it("ends with the signal's own reason while the credential makes its headers, and sends nothing", async () => {
  const here = await rig();
  const { promise, resolve } = Promise.withResolvers<Record<string, never>>();
  const caller = new AbortController();
  const slow = bearer(here.server.url, { headers: () => promise });
  const opening = here.open({ credential: () => slow, signal: caller.signal });
  const ended = expect(opening).rejects.toBe("enough");
  caller.abort("enough");
  await ended;
  resolve({});
  await setImmediate();
  expect(here.server.seen).toEqual([]);
});

it("does nothing for a signal that has aborted, and lets one that aborts later go", async () => {
  const here = await rig();
  const credential = vi.fn(() => undefined);
  await expect(here.open({ signal: AbortSignal.abort("no"), credential })).rejects.toBe("no");
  expect(credential).not.toHaveBeenCalled();
  expect(here.server.seen).toEqual([]);
  const caller = new AbortController();
  const { ask } = await initialised(await here.open({ signal: caller.signal }));
  caller.abort("later");
  expect(await ask("ping")).toHaveProperty("result");
});

it.each([
  [401, { code: "UNAUTHORIZED", recover: "reauthorize", delivery: "refused" }],
  [405, { code: "SERVER_ERROR", status: 405 }],
  [503, { code: "SERVER_UNAVAILABLE", retryable: true }],
  [200, { code: "PROTOCOL_VIOLATION", status: 200 }],
])(
  "fails to open where the stream is answered with %i, and repeats no secret",
  async (streamStatus, expected) => {
    const here = await rig({ streamStatus });
    const failure = await failureOf(here.open({ credential: () => bearer(here.server.url) }));
    expect(failure).toMatchObject(expected);
    expect(inspect(failure, { depth: 9 })).not.toContain(token);
    if (streamStatus === 401) expect(failure.challenge?.parameters.realm).toBe("[redacted]");
    expect(here.server.seen[0]?.headers.authorization).toBe(`Bearer ${token}`);
  },
);

it("fails to open where the stream ends, or breaks, before it names an endpoint", async () => {
  const here = await rig({ endpoint: null });
  const failing = failureOf(here.open());
  await vi.waitFor(() => expect(here.server.openStreams).toBe(1));
  here.server.endStreams();
  expect(await failing).toMatchObject({ code: "PROTOCOL_VIOLATION" });
  const breaking = failureOf(here.open());
  await vi.waitFor(() => expect(here.server.openStreams).toBe(1));
  await here.server[Symbol.asyncDispose]();
  const broken = await breaking;
  expect(broken).toMatchObject({ code: "CONNECTION_LOST", retryable: true });
  expect(broken.recover).toBeUndefined();
  expect(await failureOf(here.open())).toMatchObject({ code: "CONNECT_FAILED" });
});

it("is lost when the server ends its stream, and sends nothing after it", async () => {
  const here = await rig({ endAfter: 2 });
  const pipe = await here.open();
  const { ask } = await initialised(pipe);
  await ask("ping");
  const reason = await pipe.closed;
  expect(reason).toMatchObject({ kind: "lost", cause: { code: "CONNECTION_LOST", recover: "reconnect" } });
  const requests = here.server.seen.length;
  expect(await failureOf(pipe.send(ping))).toMatchObject({ code: "CONNECTION_LOST", delivery: "unsent" });
  expect(here.server.seen).toHaveLength(requests);
  await pipe.close();
  expect(await pipe.closed).toBe(reason);
});

it("is lost with the socket of its stream", async () => {
  const here = await rig();
  const pipe = await here.open();
  await here.server[Symbol.asyncDispose]();
  const { kind, cause } = await pipe.closed;
  expect(kind).toBe("lost");
  expect(cause).toMatchObject({ code: "CONNECTION_LOST", cause: { code: "CONNECTION_LOST" } });
});

it.each([
  ["an event is too large", `data: ${"x".repeat(256 * 1024)}\n\n`],
  ["a message nests too deep", `data: ${"[".repeat(300)}${"]".repeat(300)}\n\n`],
  ["more waits for the start than one message may have", 'data: "hello"\n\n'.repeat(1_000)],
])("is lost where %s, and leaves nothing open", async (_, noise) => {
  const here = await rig({ noise });
  const pipe = await here.open({ limits: { maxMessageBytes: 64 * 1024 } });
  if (!noise.includes("hello")) pipe.start(() => {});
  expect(await pipe.closed).toMatchObject({ kind: "lost", cause: { code: "LIMIT_EXCEEDED" } });
  await expectNothingOpen(here);
});

it("has no bound on the stream as a whole", async () => {
  const { open } = await rig();
  const egress = createEgress({ limits: { maxResponseBytes: 4_000 } });
  onTestFinished(() => egress.close());
  const limits = { maxMessageBytes: 4_000, maxStreamBytes: 4_000 };
  const { ask } = await initialised(await open({ egress, limits }));
  for (let call = 0; call < 20; call++) await ask("tools/call", echo("x".repeat(1_000)));
});

it("works on behind comments without end", async () => {
  const { open } = await rig({ comments: true });
  const { ask } = await initialised(await open({ limits: { maxMessageBytes: 64 * 1024 } }));
  expect(await ask("tools/call", echo("hi"))).toMatchObject({ result: { content: [{ text: "hi" }] } });
});

it("is lost with what a receiver throws", async () => {
  const early = await rig({ endpoint: "/messages", noise: `data: ${JSON.stringify(ping)}\n\n` });
  const late = await rig();
  const thrown = new Error("broken receiver");
  for (const { open } of [early, late]) {
    const pipe = await open();
    pipe.start(() => {
      throw thrown;
    });
    if (open === late.open)
      await pipe.send({ jsonrpc: "2.0", id: 1, method: "initialize", params: handshake });
    expect((await pipe.closed) satisfies CloseReason).toEqual({ kind: "lost", cause: thrown });
  }
});

it("rejects what the server refuses, repeats no secret and stays open", async () => {
  const options: { post?: number } = {};
  const here = await rig(options);
  const pipe = await here.open({ credential: () => bearer(here.server.url) });
  const refused = async (status: number, message: object = ping) => {
    options.post = status;
    const failure = await failureOf(pipe.send(message));
    expect(inspect(failure, { depth: 9 })).not.toContain(token);
    return failure;
  };
  expect(await refused(404)).toMatchObject({ code: "SERVER_ERROR", status: 404 });
  expect(await refused(500)).toMatchObject({ code: "SERVER_UNAVAILABLE", retryable: true });
  const call = { jsonrpc: "2.0", id: 2, method: "tools/call", params: {} };
  expect(await refused(500, call)).toMatchObject({
    code: "SERVER_UNAVAILABLE",
    retryable: false,
    delivery: "unknown",
  });
  expect(await refused(401)).toMatchObject({ code: "UNAUTHORIZED", recover: "reauthorize" });
  delete options.post;
  const { ask } = await initialised(pipe);
  expect(await ask("ping")).toHaveProperty("result");
  expect(await refused(404)).toMatchObject({
    code: "SESSION_LOST",
    delivery: "refused",
    recover: "reconnect",
  });
});

it("outlives the socket of a message, of which it does not say that the pipe has ended", async () => {
  const options: { post?: "break" } = { post: "break" };
  const here = await rig(options);
  const pipe = await here.open();
  const failure: unknown = await pipe.send(ping).catch((error: unknown) => error);
  expect(failure).not.toBeInstanceOf(TenantryError);
  expect(failure).toMatchObject({ cause: { code: "CONNECTION_LOST", delivery: "unknown" } });
  delete options.post;
  await initialised(pipe);
});

it("does not wait for ever for a message to be acknowledged", async () => {
  const here = await rig({ post: "silence" });
  const clock = manualClock();
  const pipe = await here.open({ clock });
  const sending = pipe.send(ping);
  await vi.waitFor(() => expect(here.server.seen).toHaveLength(2));
  await clock.advance(defaultClientLimits.requestTimeoutMs);
  await sending;
  await vi.waitFor(() => expect(here.egress.stats()).toEqual({ sockets: 1, requests: 1 }));
  expect(clock.pending).toBe(0);
});

it("closes once, with everything that is on its way", async () => {
  const here = await rig({ post: "silence" });
  const pipe = await here.open();
  const sending = [failureOf(pipe.send(ping)), failureOf(pipe.send({ ...ping, id: 2 }))];
  await vi.waitFor(() => expect(here.server.seen).toHaveLength(3));
  const closing = pipe.close();
  expect(pipe.close()).toBe(closing);
  await closing;
  expect(pipe.close()).toBe(closing);
  expect(await pipe.closed).toEqual({ kind: "closed" });
  for (const failure of await Promise.all(sending))
    expect(failure).toMatchObject({ code: "CONNECTION_LOST", delivery: "unknown" });
  expect(await failureOf(pipe.send(ping))).toMatchObject({ code: "CONNECTION_LOST", delivery: "unsent" });
  await expectNothingOpen(here);
});

it("sends nothing of a message whose headers are made when it closes", async () => {
  const here = await rig();
  const { promise, resolve } = Promise.withResolvers<Record<string, never>>();
  let credential = bearer(here.server.url);
  const pipe = await here.open({ credential: () => credential });
  credential = bearer(here.server.url, { headers: () => promise });
  const sending = failureOf(pipe.send(ping));
  await pipe.close();
  resolve({});
  expect(await sending).toMatchObject({ code: "CONNECTION_LOST", delivery: "unsent" });
  expect(here.server.seen).toHaveLength(1);
});

it("delivers nothing once it is closed", async () => {
  const here = await rig({ endpoint: "/messages", noise: `data: ${JSON.stringify(ping)}\n\n`.repeat(2) });
  const pipe = await here.open();
  let deliveries = 0;
  pipe.start(() => {
    deliveries++;
    void pipe.close();
  });
  await pipe.closed;
  await setImmediate();
  expect(deliveries).toBe(1);
});

it("asks for the credential with every request, and for headers that sign the URL that they are sent to", async () => {
  const here = await rig();
  const signed: string[] = [];
  let rotations = 0;
  const credential = () =>
    bearer(here.server.url, {
      headers: ({ method, url }) => {
        signed.push(`${method} ${url.pathname}`);
        return { authorization: { value: secret(`Bearer ${token}-${++rotations}`), replaces: false } };
      },
    });
  const pipe = await here.open({ credential });
  await initialised(pipe);
  await pipe.close();
  await failureOf(pipe.send(ping));
  expect(signed).toEqual(["GET /sse", "POST /messages", "POST /messages"]);
  const sent = here.server.seen.map(({ headers }) => [headers.authorization, headers["x-team"]]);
  expect(sent).toEqual([1, 2, 3].map((rotation) => [`Bearer ${token}-${rotation}`, "acme"]));
  expect(pipe.secrets).toEqual(expect.arrayContaining([1, 2, 3].map((rotation) => `${token}-${rotation}`)));
});

it("remembers a bounded number of secrets, those of its own URL and of its session among them", async () => {
  const here = await rig();
  let signature = 0;
  const credential = () =>
    bearer(here.server.url, {
      headers: () => ({ dpop: { value: secret(`signature-${++signature}`), replaces: false } }),
    });
  const url = new URL(`?key=${token}`, here.server.url);
  const pipe = await here.open({ credential, endpoint: endpointOf(url) });
  const { ask } = await initialised(pipe);
  for (let call = 0; call < 100; call++) await ask("ping");
  expect(pipe.secrets.length).toBeLessThanOrEqual(64);
  const session = new URL(here.server.seen.at(-1)!.path, here.server.url).searchParams.get("sessionId");
  expect(pipe.secrets).toEqual(expect.arrayContaining([token, session, `signature-${signature}`]));
});

it("sends nothing where the credential is bound to another origin", async () => {
  const here = await rig();
  const elsewhere = bearer(new URL("https://elsewhere.example"));
  expect(await failureOf(here.open({ credential: () => elsewhere }))).toMatchObject({
    code: "ORIGIN_REFUSED",
  });
  expect(here.server.seen).toEqual([]);
});

it("refuses a message that is no JSON, and a second start", async () => {
  const here = await rig();
  const pipe = await here.open();
  pipe.start(() => {});
  expect(() => pipe.start(() => {})).toThrow(TypeError);
  expect(await failureOf(pipe.send({ n: 1n }))).toMatchObject({
    code: "ARGUMENT_INVALID",
    delivery: "unsent",
  });
  expect(here.server.seen).toHaveLength(1);
});
