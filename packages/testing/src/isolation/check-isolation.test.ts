import type { Client } from "@modelcontextprotocol/client";
import { describe, expect, it } from "vitest";
import { leaks } from "../../test/leaks.ts";
import { SeparateClients } from "../../test/separate-clients.ts";
import {
  checkIsolation,
  isolationScenarios,
  type IsolationHost,
  type IsolationSubject,
  type OpenSubject,
} from "../isolation.ts";

const separate: IsolationSubject = { name: "separate", open: (host) => new SeparateClients(host) };
const quick = { timeoutMs: 3_000 } as const;

describe.each(["legacy", "modern"] as const)("in the %s era", (era) => {
  it("is green for one client each, in every scenario", async () => {
    const { subject, results } = await checkIsolation(separate, { eras: [era] });
    expect(subject).toBe("separate");
    expect(results).toEqual(
      isolationScenarios.map((scenario) => ({ scenario, era, verdict: "green", crossings: [] })),
    );
  }, 60_000);

  // In the modern era there is no session that could be another's.
  const possible = leaks.filter(({ kind }) => era === "legacy" || kind !== "session");
  it.each(possible)("finds what $name does in $scenario", async ({ Subject, scenario, kind, hidden }) => {
    const subject = { name: "leaky", open: (host: IsolationHost) => new Subject(host) };
    const scenarios = hidden ? ["sequential" as const, scenario] : [scenario];
    const { results } = await checkIsolation(subject, { ...quick, eras: [era], scenarios });
    const found = results.at(-1);
    expect(found?.verdict).toBe("red");
    const kinds = found?.crossings.map((crossing) => crossing.kind);
    expect(kinds).toContain(kind);
    // What is an answer to another is not noted as a mere mention as well.
    if (kind === "answer") expect(kinds).not.toContain("text");
    if (hidden) expect(results[0]).toMatchObject({ verdict: "green" });
  });
});

it("is never green for what a subject cannot do", async () => {
  class Unable extends SeparateClients {
    override rotate = undefined as never;
    override watch = undefined as never;
    override evict = undefined as never;
    override callTool(...[user, tool, args]: Parameters<OpenSubject["callTool"]>) {
      // The signal is not passed on.
      return super.callTool(user, tool, args, { signal: new AbortController().signal });
    }
  }
  const unable = {
    name: "unable",
    open: (host: IsolationHost) => new Unable(host),
    eras: ["legacy"] as const,
  };
  const { results } = await checkIsolation(unable, quick);
  const legacy = results.filter(({ era }) => era === "legacy");
  expect(legacy.map(({ scenario, verdict, reason = "" }) => [scenario, verdict, reason])).toEqual([
    ["sequential", "green", ""],
    ["same-tick", "green", ""],
    // It opens a new client after a failure, and that one has the new key.
    ["refresh", "green", ""],
    ["rotation", "not applicable", "the new key of ada never arrived"],
    ["list_changed", "not applicable", "it does not tell that a list has changed"],
    ["reconnect", "green", ""],
    ["cancel", "not applicable", "that ada gave up did not reach the server"],
    ["error", "green", ""],
    ["eviction", "not applicable", "it never lets go of anybody"],
  ]);
  const modern = results.filter(({ era }) => era === "modern");
  expect(modern).toHaveLength(isolationScenarios.length);
  expect(new Set(modern.map(({ verdict }) => verdict))).toEqual(new Set(["not applicable"]));
  expect(modern[0]?.reason).toBe("it does not speak the modern era");
}, 60_000);

it("is never green for what did not happen", async () => {
  class Evasive extends SeparateClients {
    /** A client for each question: no key of it expires, no session of it is gone on with, nothing of it is kept. */
    override async with<T>(user: string, work: (client: Client) => Promise<T>) {
      const client = await this.open(user);
      try {
        return await work(client);
      } finally {
        await client.close();
      }
    }
    override evict = () => Promise.resolve(false);
  }
  const evasive = { name: "evasive", open: (host: IsolationHost) => new Evasive(host) };
  const { results } = await checkIsolation(evasive, {
    ...{ ...quick, eras: ["legacy"], scenarios: ["refresh", "list_changed", "reconnect", "eviction"] },
  });
  const asks = "no expired key was sent: it asks for the key each time, which `rotation` is about";
  expect(results.map(({ scenario, verdict, reason = "" }) => [scenario, verdict, reason])).toEqual([
    ["refresh", "not applicable", asks],
    ["list_changed", "not applicable", "no change of ada's tools was told"],
    ["reconnect", "not applicable", "no request of ada was on a session that the server had forgotten"],
    ["eviction", "not applicable", "ada could not be let go of"],
  ]);
}, 60_000);

it("says why a subject that does not work shows nothing, without its keys, and in time", async () => {
  const nothing = { close: () => Promise.resolve(), listTools: () => Promise.resolve([]) };
  const subjects: readonly IsolationSubject[] = [
    {
      name: "tells",
      open: ({ keyOf }) => ({
        ...nothing,
        callTool: (user) => Promise.reject(new Error(`No ${keyOf(user)}.`)),
      }),
    },
    { name: "shut", open: ({ keyOf }) => Promise.reject(new Error(`Not with ${keyOf("ada")}.`)) },
    { name: "hangs", open: () => new Promise(() => {}) },
    { name: "silent", open: () => ({ ...nothing, callTool: () => new Promise(() => {}) }) },
    {
      name: "stays open",
      open: () => ({ ...nothing, close: () => new Promise(() => {}), callTool: async () => 1 }),
    },
  ];
  const options = { timeoutMs: 300, eras: ["modern"], scenarios: ["cancel", "sequential"] } as const;
  const reports = await Promise.all(subjects.map((subject) => checkIsolation(subject, options)));
  const reasons = reports.map(({ results }) => results.map(({ verdict, reason }) => [verdict, reason]));
  expect(reasons.flat().map(([verdict]) => verdict)).toEqual(Array(10).fill("not applicable"));
  expect(reasons[1]?.[0]?.[1]).toBe("it could not be opened: Error: Not with [key].");
  expect(reasons[2]?.[0]?.[1]).toBe("it did not open within 300 ms");
  expect(JSON.stringify(reports)).not.toMatch(/key-[0-9a-f]/u);
});

it("leaves no server and no connection behind", async () => {
  const urls: URL[] = [];
  const open = (host: IsolationHost) => (urls.push(host.url), new SeparateClients(host));
  await checkIsolation({ name: "seen", open }, { ...quick, eras: ["legacy"], scenarios: ["sequential"] });
  expect(urls).toHaveLength(1);
  await expect(fetch(urls[0] ?? "")).rejects.toThrow("fetch failed");
});
