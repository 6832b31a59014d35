import type { ServerResponse } from "node:http";
import type { Credential, Origin } from "@tenantry/core";
import { manualClock } from "@tenantry/testing";
import { expect, onTestFinished, test as it, vi } from "vitest";
import { failureOf, legacy, open, result, scripted } from "../../test/scripted-server.ts";

const done = { content: [] };
const tool = { name: "slow" };
const call = (id: number | undefined) => `data: ${JSON.stringify(result(id, done))}\n\n`;

/** A legacy server that breaks the stream of a call off; `resume` says what a GET gets. */
async function breaking(
  begin: string,
  resume: (response: ServerResponse, id: number | undefined, at: number) => void,
  how: "end" | "destroy" = "end",
) {
  let id: number | undefined;
  let gets = 0;
  return scripted((message, response, request) => {
    if (request.method === "GET") return resume(response, id, ++gets);
    legacy((asked, own) => {
      id = asked.id;
      own.writeHead(200, { "content-type": "text/event-stream" });
      own.write(begin, () => own[how]());
    }, "s1")(message, response, request);
  });
}

const stream = (response: ServerResponse) => response.writeHead(200, { "content-type": "text/event-stream" });
const gets = (seen: readonly { readonly method: string }[]) =>
  seen.filter(({ method }) => method === "GET").length;

it.for(["end", "destroy"] as const)("goes on where a stream with ids was cut off (%s)", async (how) => {
  const clock = manualClock();
  const { url, seen } = await breaking(
    "id: e1\nretry: 300\ndata:\n\n",
    (response, id) => stream(response).end(call(id)),
    how,
  );
  const connection = await open(url, "legacy", { clock });
  const answer = connection.request("tools/call", tool);
  await vi.waitFor(() => expect(clock.pending).toBe(2));
  await clock.advance(299);
  expect(gets(seen)).toBe(0);
  await clock.advance(1);
  expect(await answer).toEqual(done);
  expect(seen.find(({ method }) => method === "GET")?.headers).toMatchObject({ "last-event-id": "e1" });
  expect(seen.filter(({ message }) => message.method === "tools/call")).toHaveLength(1);
});

it("fails at once where the stream had no id", async () => {
  const { url, seen } = await breaking("data: {}\n\n", () => {});
  const connection = await open(url, "legacy");
  expect(await failureOf(connection.request("tools/call", tool))).toMatchObject({ code: "DELIVERY_UNKNOWN" });
  expect(gets(seen)).toBe(0);
});

it("gives up after a few resumptions that bring nothing", async () => {
  const clock = manualClock();
  const { url, seen } = await breaking("id: e1\nretry: 0\ndata:\n\n", (response) => stream(response).end());
  const limits = { maxStreamReconnects: 2 };
  const answer = failureOf((await open(url, "legacy", { clock, limits })).request("tools/call", tool));
  for (let at = 0; at < 2; at++) {
    await vi.waitFor(() => expect(clock.pending).toBe(2));
    await clock.advance(100);
    await vi.waitFor(() => expect(gets(seen)).toBe(at + 1));
  }
  expect(await answer).toMatchObject({ code: "DELIVERY_UNKNOWN" });
});

it("stops asking when the call is given up", async () => {
  const clock = manualClock();
  const { url, seen } = await breaking("id: e1\nretry: 50\ndata:\n\n", (response, _, at) =>
    stream(response).end(`id: e${at + 1}\ndata:\n\n`),
  );
  const connection = await open(url, "legacy", { clock });
  const answer = failureOf(connection.request("tools/call", tool, { timeoutMs: 1_000 }));
  for (let at = 0; at < 3; at++) {
    await vi.waitFor(() => expect(clock.pending).toBe(2));
    await clock.advance(100);
    await vi.waitFor(() => expect(gets(seen)).toBe(at + 1));
  }
  await vi.waitFor(() => expect(clock.pending).toBe(2));
  await clock.advance(700);
  expect(await answer).toMatchObject({ code: "TIMEOUT", delivery: "unknown" });
  const asked = gets(seen);
  await clock.advance(60_000);
  expect(gets(seen)).toBe(asked);
});

it("does not resume a modern stream, which is lost when it breaks", async () => {
  const { url, seen } = await scripted((_, response) => stream(response).end("id: e1\nretry: 1\ndata:\n\n"));
  const connection = await open(url, "modern");
  expect(await failureOf(connection.request("tools/call", tool))).toMatchObject({ code: "DELIVERY_UNKNOWN" });
  expect(seen).toHaveLength(1);
});

it("sends no id back that a header cannot carry", async () => {
  const { url, seen } = await breaking("id: e\u0001\ndata:\n\n", () => {});
  const connection = await open(url, "legacy");
  expect(await failureOf(connection.request("tools/call", tool))).toMatchObject({ code: "DELIVERY_UNKNOWN" });
  expect(gets(seen)).toBe(0);
});

it.for([401, 403, 404, 405, 429, 503])(
  "does not take a resumption that is refused with %s for a tool that was not called",
  async (status) => {
    const clock = manualClock();
    const { url } = await breaking("id: e1\nretry: 0\ndata:\n\n", (response) =>
      response.writeHead(status).end(),
    );
    const limits = { maxStreamReconnects: 1 };
    const connection = await open(url, "legacy", { clock, limits });
    const answer = failureOf(connection.request("tools/call", tool));
    const later = setInterval(() => void clock.advance(100), 5);
    onTestFinished(() => clearInterval(later));
    expect(await answer).toMatchObject({ code: "DELIVERY_UNKNOWN", delivery: "unknown", retryable: false });
  },
);

it("does not take a resumption without a credential for a tool that was not called", async () => {
  const clock = manualClock();
  const { url } = await breaking("id: e1\nretry: 0\ndata:\n\n", () => {});
  const credential: Credential = {
    ...{ subject: "ada", generation: "1", origins: [url.origin as Origin] },
    headers: ({ method }) => {
      if (method === "GET") throw new Error("no longer");
      return {};
    },
  };
  const answer = failureOf((await open(url, "legacy", { clock }, credential)).request("tools/call", tool));
  await vi.waitFor(() => expect(clock.pending).toBe(2));
  await clock.advance(100);
  expect(await answer).toMatchObject({ code: "DELIVERY_UNKNOWN", delivery: "unknown" });
});

it("counts every resumption that is refused, those after an event too", async () => {
  const clock = manualClock();
  const { url, seen } = await breaking("id: e1\nretry: 0\ndata:\n\n", (response) =>
    response.writeHead(503).end(),
  );
  const limits = { maxStreamReconnects: 2 };
  const connection = await open(url, "legacy", { clock, limits });
  const answer = failureOf(connection.request("tools/list", {}));
  const later = setInterval(() => void clock.advance(100), 5);
  onTestFinished(() => clearInterval(later));
  expect(await answer).toMatchObject({ code: "SERVER_UNAVAILABLE" });
  expect(gets(seen)).toBe(2);
});
