import type { RequestOptions } from "@tenantry/core";
import { expect, it } from "vitest";
import { json, legacy, open, result, scripted } from "../test/scripted-server.ts";

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const said: [string, RequestOptions, object][] = [
  ["nothing", {}, {}],
  ["its trace", { trace: { traceparent } }, { traceparent }],
  ["what it is given to say", { meta: { "example/own": 1 } }, { "example/own": 1 }],
  ["where its progress goes", { onProgress: () => {} }, { progressToken: expect.any(Number) as number }],
];

it.for(said.flatMap((one) => (["legacy", "modern"] as const).map((era) => [era, ...one] as const)))(
  "%s: says %s beside what its connector says",
  async ([era, , options, own]) => {
    const answer = { resultType: "complete", content: [] };
    const { url, seen } = await scripted(legacy(({ id }, response) => json(response, result(id, answer))));
    const connection = await open(url, era, { meta: { "example/via": "one" } });
    await connection.request("tools/call", { name: "tool" }, options);
    const sent = seen.find(({ message }) => message.method === "tools/call")?.message.params?.["_meta"];
    expect(sent).toMatchObject({ "example/via": "one", ...own });
    const keys = Object.keys(sent as object).filter((key) => !key.startsWith("io.modelcontextprotocol/"));
    expect(keys.toSorted()).toEqual(["example/via", ...Object.keys(own)].toSorted());
  },
);
