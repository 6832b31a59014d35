import { describe, expect, it, vi } from "vitest";
import { served } from "../../test/served.ts";
import { hello, lastOf, messagesOf, post, type Said } from "../../test/wire.ts";
import { text, workspaceOf, type Tool } from "../../test/workspace.ts";

const form = { mode: "form", message: "Who?", requestedSchema: { type: "object", properties: {} } } as const;
const page = { mode: "url", message: "Pay.", url: "https://pay.example/", elicitationId: "1" } as const;

/** A tool that asks whatever it can, and gives what it was told. */
const asking: Tool = async (_, { handlers, signal = new AbortController().signal }) => {
  const said = {
    form: await handlers?.onElicitation?.(form, { signal }),
    model: await handlers?.onSampling?.({ messages: [], maxTokens: 5 }, { signal }),
    roots: await handlers?.onRoots?.({ signal }),
  };
  return text(JSON.stringify(said));
};

const answers: Readonly<Record<string, object>> = {
  "elicitation/create": { action: "accept", content: { name: "Ada" } },
  "sampling/createMessage": { role: "assistant", model: "m", content: { type: "text", text: "hi" } },
  "roots/list": { roots: [{ uri: "file:///a" }] },
};

/** Calls the tool, answers what it asks, and gives all that was said. */
async function conversation(
  client: Awaited<ReturnType<typeof hello>>,
  answer: (asked: Said) => Promise<unknown>,
  name = "ask",
): Promise<readonly Said[]> {
  const said: Said[] = [];
  for await (const one of messagesOf(await client.send({ id: 1, method: "tools/call", params: { name } }))) {
    said.push(one);
    if (one.method !== undefined && one.id !== undefined) await answer(one);
  }
  return said;
}

const capabilities = { elicitation: {}, sampling: {}, roots: {} };

describe("questions to a client of the legacy era", () => {
  it("go out on the stream of the request that they belong to, and come back in a POST of their own", async () => {
    const { url, gateway } = await served({ connect: workspaceOf({ tools: { ask: asking } }).connect });
    const client = await hello(url, { capabilities });
    const said = await conversation(client, async ({ id, method }) => {
      expect((await client.send({ id, result: answers[method ?? ""] })).status).toBe(202);
    });
    expect(said.map(({ method }) => method)).toEqual([...Object.keys(answers), undefined]);
    expect(said.at(-1)?.result).toMatchObject({
      content: [
        {
          text: JSON.stringify({
            form: answers["elicitation/create"],
            model: answers["sampling/createMessage"],
            roots: [{ uri: "file:///a" }],
          }),
        },
      ],
    });
    expect(gateway.stats().questions).toBe(0);
  });

  it("are those that the client can be asked", async () => {
    const seen: (readonly string[])[] = [];
    const { connect } = workspaceOf({
      tools: { ask: (_, { handlers }) => (seen.push(Object.keys(handlers ?? {})), text("")) },
    });
    const { url } = await served({ connect });
    for (const given of [{}, { elicitation: {} }, { sampling: { tools: {} }, roots: {} }]) {
      await (await hello(url, { capabilities: given })).request("tools/call", { name: "ask" });
    }
    expect(seen).toEqual([[], ["onElicitation"], ["onSampling", "onRoots"]]);
  });

  it("are no page for a client that has forms only, and the other way round", async () => {
    const { connect } = workspaceOf({
      tools: {
        async ask(_, { handlers, signal = new AbortController().signal }) {
          const tries = [form, page].map(async (one) => handlers?.onElicitation?.(one, { signal }));
          return text((await Promise.allSettled(tries)).map(({ status }) => status).join());
        },
      },
    });
    const { url } = await served({ connect });
    for (const [elicitation, outcome] of [
      [{ form: {} }, "fulfilled,rejected"],
      [{ url: {} }, "rejected,fulfilled"],
    ] as const) {
      const client = await hello(url, { capabilities: { elicitation } });
      const said = await conversation(client, ({ id, method }) =>
        client.send({ id, result: answers[method ?? ""] }),
      );
      expect(said.at(-1)?.result).toMatchObject({ content: [{ text: outcome }] });
    }
  });

  it("fail where the client says that it cannot, or names no roots", async () => {
    const failing: Tool = async (...given) => {
      const failure = await Promise.resolve(asking(...given)).catch((reason: unknown) => reason);
      return text(failure instanceof Error ? failure.message : "answered");
    };
    const { url } = await served({ connect: workspaceOf({ tools: { ask: failing } }).connect });
    const client = await hello(url, { capabilities });
    const refusing = await conversation(client, ({ id }) =>
      client.send({ id, error: { code: -1, message: "s3cret" } }),
    );
    expect(refusing.at(-1)?.result).toMatchObject({ content: [{ text: "The client could not answer." }] });
    const rootless = await hello(url, { capabilities: { roots: {} } });
    const said = await conversation(rootless, ({ id }) => rootless.send({ id, result: { roots: "all" } }));
    expect(said.at(-1)?.result).toMatchObject({ content: [{ text: "The client's answer names no roots." }] });
  });

  it("ISO-08: are answered by nobody else, and ISO-04: by no id that somebody made up", async () => {
    const { url } = await served({ connect: workspaceOf({ tools: { ask: asking } }).connect });
    const ada = await hello(url, { capabilities: { elicitation: {} } });
    const others = [
      await hello(url, { token: "acme/bob" }),
      await hello(url, { token: "globex/ada" }),
      await hello(url),
    ];
    const said = await conversation(ada, async ({ id }) => {
      const forged = { action: "accept", content: { name: "Mallory" } };
      for (const other of others) expect((await other.send({ id, result: forged })).status).toBe(404);
      for (const made of [1, "1", "own.".padEnd(100, "A")])
        expect((await ada.send({ id: made, result: forged })).status).toBe(404);
      expect((await ada.send({ id, result: answers["elicitation/create"] })).status).toBe(202);
      // Once is enough: the second answer is too late, and no other call's.
      expect((await ada.send({ id, result: forged })).status).toBe(202);
    });
    expect(JSON.stringify(said.at(-1))).toContain("Ada");
    expect(JSON.stringify(said.at(-1))).not.toContain("Mallory");
  });

  it("are taken back where the server does not want to know any more", async () => {
    const { connect } = workspaceOf({
      tools: {
        async ask(_, { handlers }) {
          const server = new AbortController();
          const asked = Promise.resolve(handlers?.onElicitation?.(form, { signal: server.signal }));
          setTimeout(() => server.abort(), 50);
          return text(
            await asked.then(
              () => "answered",
              () => "taken back",
            ),
          );
        },
      },
    });
    const { url, gateway } = await served({ connect });
    const client = await hello(url, { capabilities });
    const said = await conversation(client, async () => {});
    expect(said[1]).toMatchObject({ method: "notifications/cancelled", params: { requestId: said[0]?.id } });
    expect(said[2]?.result).toMatchObject({ content: [{ text: "taken back" }] });
    expect(gateway.stats().questions).toBe(0);
  });

  it("find the process in which the call waits, once, or say that they are at the wrong place", async () => {
    const keys = { current: "k", keys: { k: new Uint8Array(32).fill(7) } };
    const { connect } = workspaceOf({ tools: { ask: asking } });
    const one = await served({ connect, keys, replica: "one" });
    const forward = vi.fn((request: Request, _replica: string) => one.gateway.handle(request));
    const two = await served({ connect, keys, replica: "two", forward });
    const three = await served({ connect, keys, replica: "three" });
    const circle = await served({
      connect,
      keys,
      replica: "four",
      forward: (request) => circle.gateway.handle(request),
    });
    const client = await hello(one.url, { capabilities: { elicitation: {} } });
    const said = await conversation(client, async ({ id }) => {
      const answer = { jsonrpc: "2.0", id, result: answers["elicitation/create"] };
      const statusAt = async (url: URL) => {
        const response = await post(url, answer, { headers: client.headers });
        return [response.status, (await lastOf(response)).error?.code];
      };
      expect(await statusAt(three.url)).toEqual([421, -32_603]);
      expect(await statusAt(circle.url)).toEqual([421, -32_603]);
      expect(await statusAt(two.url)).toEqual([202, undefined]);
    });
    expect(forward).toHaveBeenCalledExactlyOnceWith(expect.any(Request), "one");
    expect(JSON.stringify(said.at(-1)?.result)).toContain("Ada");
  });
});
