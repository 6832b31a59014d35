// Whoever looks for what must not be has to find it: each thing that can go wrong is put into a run that is otherwise good.
import type { ErrorCode } from "tenantry";
import { expect, it } from "vitest";
import type { Aftermath, Failure, Outcome } from "./aftermath.ts";
import { lateTimeouts } from "./fitting.ts";
import { violationsOf } from "./judge.ts";
import type { Ledger, MetFault, SessionRecord } from "./ledger.ts";
import { crossedAnswer, crossedListing } from "./own-answer.ts";
import type { Step } from "./plan.ts";

const step: Step = {
  ...{ workspace: "acme", user: "ada", nonce: "n1", conversation: "" },
  ...{ verb: "call", server: "ledger", tool: "write", byName: false, idempotent: false },
  ...{ abort: undefined, renews: false, rotates: false, lags: false, restMs: 0 },
};
const answered: Outcome = {
  ...{ step, beganAt: 10_000, endedAt: 10_100, ended: "answered", failures: [], crossing: undefined },
};
const ledger: Ledger = {
  ...{ server: "legacy-json", requests: 1, crossings: [], runs: { n1: 1 }, faults: [], sessions: [] },
  openSockets: 0,
};
const session: SessionRecord = {
  id: "s1",
  person: "acme/ada",
  state: "ended",
  told: true,
  spared: false,
  usedAt: 10_000,
};

/** A run that is good but for what is given. */
function run(given: Partial<Aftermath> = {}): Aftermath {
  return {
    ...{ outcomes: [answered], ledgers: [ledger], closingAt: 20_000, closeFailure: undefined },
    ...{ late: [], leftAwake: [], timers: 0, elapsedMs: 1_000 },
    ...given,
  };
}

/** The same, with a call that failed and one that was answered. */
function failed(
  failure: Partial<Failure>,
  of: Partial<Ledger> = {},
  given: Partial<Aftermath> = {},
): Aftermath {
  const whole: Failure = {
    ...{ server: "ledger", code: "TIMEOUT", delivery: "unknown", retryable: false, retryAfterMs: undefined },
    ...{ message: "It failed.", ...failure },
  };
  const other = { ...answered, step: { ...step, nonce: "n2" } };
  const outcomes: readonly Outcome[] = [{ ...answered, ended: "failed", failures: [whole] }, other];
  return run({ outcomes, ledgers: [{ ...ledger, runs: { n2: 1 }, ...of }], ...given });
}

const met = (fault: MetFault["fault"], given: Partial<MetFault> = {}): Partial<Ledger> => ({
  faults: [{ fault, person: "acme/ada", at: 10_050, ...given }],
});

it("has nothing to say about a good run", () => {
  expect(violationsOf(run({ ledgers: [{ ...ledger, sessions: [session] }] }))).toEqual([]);
});

it("reports what a server saw cross, and what a caller did", () => {
  const crossing = "n1 of acme/ada was given the answer of acme/bob";
  const outcomes = [{ ...answered, crossing }];
  const ledgers = [
    { ...ledger, crossings: ["legacy-json: a call of acme/ada came with the token of acme/bob"] },
  ];
  expect(violationsOf(run({ outcomes, ledgers }))).toEqual([
    "CROSSING legacy-json: a call of acme/ada came with the token of acme/bob",
    `CROSSING ${crossing}`,
  ]);
});

it.each(["user", "workspace", "conversation", "nonce", "server", "tool"])(
  "takes an answer with another %s for somebody else's",
  (field) => {
    const { workspace, user, conversation, nonce, tool } = step;
    const own = { workspace, user, conversation, nonce, server: "legacy-json", tool };
    expect(crossedAnswer(step, { content: [], structuredContent: own })).toBeUndefined();
    const crossed = crossedAnswer(step, { content: [], structuredContent: { ...own, [field]: "bob" } });
    expect(crossed).toContain("n1 of acme/ada was given");
    expect(crossed).toContain('"bob"');
  },
);

it("takes a list with one tool for somebody else for crossed", () => {
  const tool = (user: string) => ({
    ...{ name: "ledger__write", description: `for ${user}`, inputSchema: { type: "object" as const } },
    origin: { server: "ledger" as never, tool: "write" },
  });
  expect(crossedListing(step, { tools: [tool("acme/ada")], unavailable: [] })).toBeUndefined();
  const crossed = crossedListing(step, { tools: [tool("acme/ada"), tool("globex/ada")], unavailable: [] });
  expect(crossed).toBe("n1 of acme/ada was given a list with ledger__write for globex/ada");
});

it("reports a step that never settled", () => {
  const never: Outcome = { ...answered, step: { ...step, nonce: "n3" }, ended: "never" };
  expect(violationsOf(run({ outcomes: [answered, never] }))).toEqual(["call n3 of acme/ada never settled"]);
});

it("reports a failure that is no TenantryError", () => {
  const [violation] = violationsOf(failed({ code: undefined }));
  expect(violation).toContain("failed after 100 ms for no reason with what is no TenantryError: It failed.");
});

it.each([
  ["TIMEOUT", "half-open"],
  ["UNAUTHORIZED", "unauthorized"],
  ["DELIVERY_UNKNOWN", "reset in mid-answer"],
  ["SERVER_UNAVAILABLE", "server error"],
] as const)("takes %s for an effect of %s, where its own user met that there and then", (code, fault) => {
  expect(violationsOf(failed({ code }, met(fault)))).toEqual([]);
  const because = [
    {},
    met("slow drip", { at: 11_000 }),
    met(fault, { person: "globex/ada" }),
    met(fault, { at: 1_000 }),
  ];
  for (const nothing of because)
    expect(violationsOf(failed({ code }, nothing))[0]).toContain(`for no reason with a ${code} (unknown)`);
  expect(violationsOf(failed({ code }, { ...met(fault), server: "legacy-sse" }))).toHaveLength(1);
});

it.each(["SERVER_ERROR", "LIMIT_EXCEEDED", "TOOL_UNKNOWN", "CONFIG_INVALID"] as const satisfies ErrorCode[])(
  "takes %s for an effect of nothing",
  (code) => expect(violationsOf(failed({ code }, met("server error")))).toHaveLength(1),
);

it("lets a caller be held back who has met nothing, where nothing was sent", () => {
  expect(violationsOf(failed({ code: "POOL_EXHAUSTED", delivery: "unsent" }))).toEqual([]);
  const held = { code: "SERVER_UNAVAILABLE", delivery: "unsent", retryAfterMs: 500 } as const;
  expect(violationsOf(failed(held))).toEqual([]);
  expect(violationsOf(failed({ ...held, retryAfterMs: undefined }))).toHaveLength(1);
  expect(violationsOf(failed({ ...held, delivery: "unknown" }))).toHaveLength(1);
});

it("lets a call be CLOSED only once the instance is being closed", () => {
  expect(violationsOf(failed({ code: "CLOSED" }, {}, { closingAt: 10_050 }))).toEqual([]);
  expect(violationsOf(failed({ code: "CLOSED" }))).toHaveLength(1);
});

it("counts a time-out of a machine that was late, and does not report it", () => {
  const late = failed({ code: "TIMEOUT" }, {}, { late: [{ at: 10_000, lateMs: 500 }] });
  expect(violationsOf(late)).toEqual([]);
  expect(lateTimeouts(late)).toBe(1);
  expect(violationsOf(failed({ code: "TIMEOUT" }, {}, { late: [{ at: 10_000, lateMs: 100 }] }))).toHaveLength(
    1,
  );
  expect(
    violationsOf(failed({ code: "SESSION_LOST" }, {}, { late: [{ at: 10_000, lateMs: 500 }] })),
  ).toHaveLength(1);
});

it("reports a call that ran twice, unless its caller said that it may", () => {
  const ledgers = [{ ...ledger, runs: { n1: 2 } }];
  expect(violationsOf(run({ ledgers }))).toEqual([
    "call n1 of acme/ada ran 2 times, but its caller was told: answered",
  ]);
  const idempotent = { ...answered, step: { ...step, idempotent: true } };
  expect(violationsOf(run({ ledgers, outcomes: [idempotent] }))).toEqual([]);
});

it("reports a call that was answered and never ran, and a list that ran something", () => {
  const ledgers = [{ ...ledger, runs: {} }];
  expect(violationsOf(run({ ledgers }))).toHaveLength(1);
  const list: Outcome = { ...answered, step: { ...step, verb: "list" } };
  expect(violationsOf(run({ ledgers, outcomes: [list] }))).toEqual([]);
  expect(violationsOf(run({ outcomes: [list] }))).toHaveLength(1);
});

it("reports a call that ran although it was given up before it began", () => {
  const early: Outcome = { ...answered, step: { ...step, abort: "before" }, ended: "aborted" };
  const other: Outcome = { ...answered, step: { ...step, nonce: "n2" } };
  const outcomes = [early, other];
  expect(violationsOf(run({ outcomes, ledgers: [{ ...ledger, runs: { n2: 1 } }] }))).toEqual([]);
  expect(violationsOf(run({ outcomes, ledgers: [{ ...ledger, runs: { n1: 1, n2: 1 } }] }))).toHaveLength(1);
});

it.each([
  ["unsent", { delivery: "unsent" }],
  ["refused", { delivery: "refused" }],
  ["safe to send again", { delivery: "unknown", retryable: true }],
] as const)("reports a call that ran although its caller was told that it was %s", (_, told) => {
  const failure = { code: "SERVER_UNAVAILABLE", ...told } as const;
  const fault = met("server error");
  expect(violationsOf(failed(failure, fault))).toEqual([]);
  const ran = violationsOf(failed(failure, { ...fault, runs: { n1: 1, n2: 1 } }));
  expect(ran).toEqual([
    expect.stringContaining("call n1 of acme/ada ran 1 times, but its caller was told: SERVER"),
  ]);
});

it("reports a session that is alive, unless the client was not told, its DELETE met a fault, or the machine stood still", () => {
  const alive = (given: Partial<SessionRecord>, late: Aftermath["late"] = []) =>
    violationsOf(
      run({ late, ledgers: [{ ...ledger, sessions: [{ ...session, state: "alive", ...given }] }] }),
    );
  expect(alive({})).toEqual(["the session s1 of acme/ada was left alive at legacy-json"]);
  expect(alive({ told: false })).toEqual([]);
  expect(alive({ spared: true })).toEqual([]);
  expect(alive({}, [{ at: 12_000, lateMs: 600 }])).toEqual([]);
  expect(alive({}, [{ at: 12_000, lateMs: 400 }])).toHaveLength(1);
  expect(alive({}, [{ at: 9_000, lateMs: 600 }])).toHaveLength(1);
});

it.each([
  ["sockets", { ledgers: [{ ...ledger, openSockets: 2 }] }, "2 sockets were left open at legacy-json"],
  ["handles", { leftAwake: ["TCPSocketWrap"] }, "a TCPSocketWrap was left that keeps the process awake"],
  ["timers", { timers: 1 }, "1 timers were left"],
  ["a failed close()", { closeFailure: "Error: no" }, "closing failed: Error: no"],
])("reports %s", (_, given, violation) => expect(violationsOf(run(given))).toEqual([violation]));

it("reports a run in which next to nothing was answered", () => {
  const held: Failure = {
    ...{ server: "ledger", code: "POOL_EXHAUSTED", delivery: "unsent", retryable: true },
    ...{ retryAfterMs: undefined, message: "There is no room." },
  };
  const outcomes = Array.from({ length: 5 }, (_, index): Outcome => {
    const own = { ...answered, step: { ...step, nonce: `n${index + 1}` } };
    return index === 0 ? own : { ...own, ended: "failed", failures: [held] };
  });
  expect(violationsOf(run({ outcomes }))).toEqual(["only 1 of 5 were answered"]);
});
