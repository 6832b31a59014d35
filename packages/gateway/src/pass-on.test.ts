import { describe, expect, it } from "vitest";
import { served } from "../test/served.ts";
import { ask, hello, messagesOf, post } from "../test/wire.ts";
import { text, workspaceOf } from "../test/workspace.ts";

const keys = { current: "a", keys: { a: new Uint8Array(32).fill(7) } };
const capabilities = { elicitation: {} };

/** Two processes of which the second cannot reach the first any more. */
async function parted() {
  const form = { message: "Who?", requestedSchema: { type: "object", properties: {} } } as const;
  const { connect } = workspaceOf({
    tools: {
      async form(_, { handlers, signal = new AbortController().signal }) {
        const answer = await handlers?.onElicitation?.(form, { signal });
        return text(JSON.stringify(answer));
      },
    },
  });
  const one = await served({ connect, keys, replica: "one" });
  const forward = () => Promise.reject(new Error("connect ECONNREFUSED http://10.0.0.7:8080"));
  const two = await served({ connect, keys, replica: "two", forward });
  return { one, two };
}

describe("a process that is gone", () => {
  it("SRV-05: is told to a client that comes back with a state of it, and harms nobody", async () => {
    const { one, two } = await parted();
    const asked = await ask(one.url, "tools/call", { name: "form" }, { capabilities });
    const requestState = asked.result?.["requestState"];
    const answer = await ask(two.url, "tools/call", { name: "form", requestState }, { capabilities });
    expect([answer.status, answer.error?.code]).toEqual([502, -32_603]);
    expect(JSON.stringify(answer)).not.toMatch(/10\.0\.0\.7|ECONNREFUSED/u);
    expect(two.gateway.stats().requests).toBe(0);
  });

  it("SRV-05: is told to a client that answers a question of it", async () => {
    const { one, two } = await parted();
    const client = await hello(one.url, { capabilities });
    const call = await client.send({ id: 1, method: "tools/call", params: { name: "form" } });
    const { value: question } = await messagesOf(call).next();
    const said = { jsonrpc: "2.0", id: question?.id, result: { action: "decline" } };
    const answer = await post(two.url, said, { headers: client.headers });
    expect(answer.status).toBe(502);
    expect(await answer.text()).not.toContain("10.0.0.7");
  });
});
