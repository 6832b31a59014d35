import { expect, it } from "vitest";
import { serve } from "../test/server.ts";
import { createEgress } from "./index.ts";

it("has no more sockets to one origin than its cap, and all requests are answered", async () => {
  let most = 0;
  await using server = await serve((_, response) => {
    void server.connections().then((count) => (most = Math.max(most, count)));
    setTimeout(() => response.end("ok"), 5);
  });
  await using egress = createEgress({ limits: { maxSocketsPerOrigin: 3 } });
  const get = () => egress.exchange({ method: "GET", url: server.url, provenance: "code", headers: {} });
  const answers = await Promise.all(Array.from({ length: 30 }, () => get().then(({ body }) => body.text())));
  expect(new Set(answers)).toEqual(new Set(["ok"]));
  expect(most).toBeLessThanOrEqual(3);
  expect(egress.stats().sockets).toBeLessThanOrEqual(3);
});

it("never writes a request that was given up while it waited for a socket", async () => {
  const held: (() => void)[] = [];
  await using server = await serve((_, response) => void held.push(() => response.end("ok")));
  await using egress = createEgress({ limits: { maxSocketsPerOrigin: 1 } });
  const post = (body: string, signal?: AbortSignal) =>
    egress.exchange({ method: "POST", url: server.url, provenance: "code", headers: {}, body, signal });
  const first = post("first");
  while (held.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const leaving = new AbortController();
  const second = post("second", leaving.signal);
  leaving.abort(new Error("left"));
  await expect(second).rejects.toThrow("left");
  held[0]?.();
  await (await first).body.text();
  const third = post("third");
  while (held.length === 1) await new Promise((resolve) => setTimeout(resolve, 1));
  held[1]?.();
  await (await third).body.text();
  expect(server.seen.map(({ body }) => body)).toEqual(["first", "third"]);
});
