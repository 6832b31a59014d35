import { describe, expect, it } from "vitest";
import { rejection, serve, until } from "../test/server.ts";
import { createEgress, type Egress, type EgressLimits } from "./index.ts";

type Server = Awaited<ReturnType<typeof serve>>;

const poster =
  (egress: Egress, server: Server) =>
  (body: string, signal?: AbortSignal): Promise<string> =>
    egress
      .exchange({ method: "POST", url: server.url, provenance: "code", headers: {}, body, signal })
      .then((response) => response.body.text());

const capped = (maxSocketsPerOrigin: number, more: Partial<EgressLimits> = {}) =>
  createEgress({ limits: { maxSocketsPerOrigin, ...more } });

// Undici keeps one socket in another way than several.
describe.each([1, 3])("with at most %d sockets to one origin", (cap) => {
  /** A server that answers when told, and an egress all of whose sockets are busy. */
  async function busy(more: Partial<EgressLimits> = {}) {
    const held: (() => void)[] = [];
    const server = await serve((_, response) => void held.push(() => response.end("ok")));
    const egress = capped(cap, more);
    const post = poster(egress, server);
    const first = Array.from({ length: cap }, (_, index) => post(`first ${index}`));
    await until(() => held.length === cap);
    return { server, egress, post, first, held };
  }

  it("many more requests are all answered, and there are never more", async () => {
    let most = 0;
    await using server = await serve((_, response) => {
      void server.connections().then((count) => {
        most = Math.max(most, count);
        response.end("ok");
      });
    });
    await using egress = capped(cap);
    const post = poster(egress, server);
    const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => post(`${index}`)));
    expect(new Set(answers)).toEqual(new Set(["ok"]));
    expect(server.seen.map(({ body }) => Number(body)).toSorted((a, b) => a - b)).toEqual([
      ...answers.keys(),
    ]);
    expect(most).toBe(cap);
    expect(egress.stats()).toEqual({ sockets: cap, requests: 0 });
  });

  it("a request that is given up while it waits rejects at once and is never written", async () => {
    const { server, egress, post, first, held } = await busy();
    const leaving = new AbortController();
    const second = rejection(post("second", leaving.signal));
    const third = post("third");
    await until(() => egress.stats().requests === cap + 2);
    leaving.abort("left");
    expect(await second).toBe("left");
    expect(egress.stats().requests).toBe(cap + 1);
    held.forEach((answer) => answer());
    await Promise.all(first);
    await until(() => held.length === cap + 1);
    held.at(-1)?.();
    expect(await third).toBe("ok");
    expect(server.seen.map(({ body }) => body)).not.toContain("second");
    expect(server.seen).toHaveLength(cap + 1);
    await egress.close();
    await server[Symbol.asyncDispose]();
  });

  it("those who wait learn that nothing was sent, when the server goes away and when the egress is closed", async () => {
    for (const [end, code] of [
      ["server", "CONNECT_FAILED"],
      ["egress", "CLOSED"],
    ] as const) {
      const { server, egress, post, first, held } = await busy({ closeTimeoutMs: 30 });
      const waiting = Array.from({ length: 5 }, () => rejection(post("waiting")));
      const lost = first.map(rejection);
      await until(() => egress.stats().requests === cap + 5);
      if (end === "server") await server[Symbol.asyncDispose]();
      else await egress.close();
      for (const failure of await Promise.all(waiting)) {
        expect(failure).toMatchObject({ code, delivery: "unsent" });
      }
      for (const failure of await Promise.all(lost)) expect(failure).toMatchObject({ delivery: "unknown" });
      expect(held).toHaveLength(cap);
      expect(egress.stats()).toEqual({ sockets: 0, requests: 0 });
      await egress.close();
      if (end === "egress") await server[Symbol.asyncDispose]();
    }
  });
});

it("busy sockets of one origin keep nobody from another", async () => {
  await using silent = await serve(() => {});
  await using other = await serve();
  await using egress = capped(1, { closeTimeoutMs: 30 });
  const waits = ["a", "b"].map((body) => rejection(poster(egress, silent)(body)));
  await until(() => silent.seen.length === 1);
  expect(await poster(egress, other)("c")).toBe("ok");
  await egress.close();
  await Promise.all(waits);
});
