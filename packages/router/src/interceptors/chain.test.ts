import {
  principalOf,
  TenantryError,
  type AuditEntry,
  type AuditLog,
  type CallToolResult,
  type ServerId,
  type Tool,
} from "@tenantry/core";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../test/manual-clock.ts";
import { audit } from "./audit.ts";
import { InterceptorChain, type Send } from "./chain.ts";
import { confirm } from "./confirm.ts";
import type { AllowedCall, Around, GivenInterceptor } from "./interceptor.ts";
import { redact } from "./redact.ts";

const definition: Tool = {
  name: "send",
  inputSchema: { type: "object", properties: { to: { type: "string" }, n: { type: "number" } } },
};

function call(parts: Partial<AllowedCall> = {}): AllowedCall {
  return {
    principal: principalOf({ workspace: "acme", user: "ada" }),
    ...{ roles: [], server: "mail" as ServerId, tool: "send", definition, annotations: {} },
    ...{ arguments: { to: "bob", password: "hunter2" }, signal: new AbortController().signal },
    ...parts,
  };
}

const answer: CallToolResult = { content: [{ type: "text", text: "sent to bob" }] };

/** Records what is sent. */
function sending(outcome: () => CallToolResult = () => answer) {
  const sent: unknown[][] = [];
  const send: Send = async (...given) => {
    sent.push(given);
    return outcome();
  };
  return { sent, send };
}

function chain(interceptors: readonly GivenInterceptor[], log?: AuditLog): InterceptorChain {
  return new InterceptorChain([{ interceptors, path: "interceptors" }], {
    clock: new ManualClock(),
    audit: log,
  });
}

/** An audit log in memory, which can be out of reach. */
function auditLog() {
  const entries: AuditEntry[] = [];
  const state = { isDown: false };
  const append = async (entry: AuditEntry) => {
    if (state.isDown) throw new TenantryError("STORE_UNAVAILABLE", "It is down.");
    entries.push(entry);
  };
  return { entries, state, log: { append, list: async () => ({ rows: entries }) } satisfies AuditLog };
}

describe("interceptors", () => {
  it("wrap a call in their order, the first outermost, and may change what it is given and gives", async () => {
    const heard: string[] = [];
    const wrap =
      (name: string): Around =>
      async ({ arguments: args }, next) => {
        heard.push(`${name} ${JSON.stringify(args)}`);
        const result = await next({ ...args, [name]: 1 });
        heard.push(name);
        return { ...result, [name]: 1 };
      };
    const { sent, send } = sending();
    const result = await chain([wrap("a"), { around: wrap("b") }]).run(call({ arguments: {} }), send);
    expect(heard).toEqual(["a {}", 'b {"a":1}', "b", "a"]);
    expect(sent).toEqual([[{ a: 1, b: 1 }, true]]);
    expect(result).toEqual({ ...answer, a: 1, b: 1 });
  });

  it("leave a call as it is where they do not change it", async () => {
    const given = call();
    const { sent, send } = sending();
    await chain([(_, next) => next(), (same, next) => next(same.arguments)]).run(given, send);
    expect(sent).toEqual([[given.arguments, false]]);
    expect(sent[0]?.[0]).toBe(given.arguments);
  });

  it("cannot make a call twice", async () => {
    const { sent, send } = sending();
    const twice: Around = async (_, next) => {
      await next();
      return next();
    };
    await expect(chain([twice]).run(call(), send)).rejects.toMatchObject({ code: "ARGUMENT_INVALID" });
    expect(sent).toHaveLength(1);
  });

  it.each<[string, Around, object]>([
    [
      "before the call",
      () => Promise.reject(new TypeError("x")),
      { code: "CALL_DENIED", delivery: "unsent" },
    ],
    [
      "after the call",
      async (_, next) => {
        await next();
        throw new TypeError("x");
      },
      { code: "CALL_DENIED", delivery: "answered" },
    ],
  ])("that fail %s are told as what they are", async (_when, around, error) => {
    const failure = await chain([around])
      .run(call(), sending().send)
      .catch((one: unknown) => one);
    expect(failure).toBeInstanceOf(TenantryError);
    expect(failure).toMatchObject({ ...error, cause: expect.any(TypeError) as unknown });
  });

  it("throw typed errors and aborts as they are", async () => {
    const denied = new TenantryError("CALL_DENIED", "No.");
    await expect(chain([() => Promise.reject(denied)]).run(call(), sending().send)).rejects.toBe(denied);
    const controller = new AbortController();
    controller.abort("enough");
    const aborted = chain([async ({ signal }) => signal.throwIfAborted() as never]);
    await expect(aborted.run(call({ signal: controller.signal }), sending().send)).rejects.toBe("enough");
  });

  it.each<[unknown, string]>([
    [[1], "interceptors.0: expected a function"],
    [[{}], "interceptors.0: expected a function"],
    [[{ around: 1, refused: () => {} }], "interceptors.0: expected a function"],
    [[audit()], "interceptors.0: audit() writes into a store"],
    [{}, "interceptors: expected a list"],
  ])("%j are refused with their path", (given, message) => {
    expect(() => chain(given as GivenInterceptor[])).toThrow(`[CONFIG_INVALID] ${message}`);
  });
});

describe("audit()", () => {
  it("SRV-06: writes who, what and which kinds of arguments before the call, and how it ended after it", async () => {
    const { entries, log } = auditLog();
    const before: number[] = [];
    const { send } = sending(() => {
      before.push(entries.length);
      return { ...answer, isError: true };
    });
    await chain([audit()], log).run(call({ arguments: { to: "bob", n: 1, hunter2: ["x"] } }), send);
    expect(before).toEqual([1]);
    expect(entries).toMatchObject([
      {
        workspace: "acme",
        user: "ada",
        action: "call.allowed",
        detail: {
          server: "mail",
          tool: "send",
          decision: "allow",
          arguments: { to: "string(3)", n: "number", "…": 1 },
        },
      },
      { action: "call.ended", detail: { outcome: "tool-error", durationMs: 0 } },
    ]);
    expect(JSON.stringify(entries)).not.toMatch(/bob|hunter2/u);
  });

  it("SRV-06: writes what was refused, and why", async () => {
    const { entries, log } = auditLog();
    await chain([audit()], log).refused(call(), new TenantryError("RATE_LIMITED", "Later."));
    const detail = { server: "mail", tool: "send", decision: "deny", code: "RATE_LIMITED" };
    expect(entries).toMatchObject([{ user: "ada", action: "call.refused", detail }]);
    expect(JSON.stringify(entries)).not.toContain("hunter2");
  });

  it("makes no call that it cannot write down, and gives the answer of one whose end it cannot", async () => {
    const { log, state } = auditLog();
    state.isDown = true;
    const { sent, send } = sending(() => {
      state.isDown = true;
      return answer;
    });
    await expect(chain([audit()], log).run(call(), send)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
    expect(sent).toEqual([]);
    state.isDown = false;
    expect(await chain([audit()], log).run(call(), send)).toBe(answer);
  });

  it("holds values only where that is asked for", async () => {
    const { entries, log } = auditLog();
    await chain([audit({ values: true })], log).run(call({ arguments: { to: "bob" } }), sending().send);
    expect(entries[0]?.detail.values).toEqual({ to: "bob" });
  });
});

describe("confirm()", () => {
  it.each<[string, Partial<AllowedCall>, string]>([
    ["nobody can be asked", {}, "CALL_DENIED"],
    ["the person says no", { onApprovalRequired: () => false }, "CALL_DENIED"],
    ["the answer is no truth value", { onApprovalRequired: (() => "yes") as never }, "CALL_DENIED"],
    ["asking fails", { onApprovalRequired: () => Promise.reject(new Error("x")) }, "CALL_DENIED"],
  ])("makes no call where %s", async (_why, parts, code) => {
    const { sent, send } = sending();
    await expect(chain([confirm()]).run(call(parts), send)).rejects.toMatchObject({
      code,
      delivery: "unsent",
    });
    expect(sent).toEqual([]);
  });

  it("asks with all that there is to decide about, and not about what only reads", async () => {
    const asked: unknown[] = [];
    const onApprovalRequired = async (request: unknown) => asked.push(request) > 0;
    const { sent, send } = sending();
    const given = call({ onApprovalRequired });
    await chain([confirm()]).run(given, send);
    const { principal, server, arguments: args } = given;
    expect(asked).toEqual([{ principal, server, tool: definition, arguments: args }]);
    await chain([confirm()]).run(call({ annotations: { readOnlyHint: true } }), send);
    await chain([confirm({ when: ({ tool }) => tool !== "send" })]).run(call(), send);
    expect(sent).toHaveLength(3);
    expect(asked).toHaveLength(1);
  });

  it("leaves with the call's signal, whatever the person does", async () => {
    const controller = new AbortController();
    let heard: AbortSignal | undefined;
    const onApprovalRequired: AllowedCall["onApprovalRequired"] = (_, { signal }) => {
      heard = signal;
      return new Promise(() => {});
    };
    const running = chain([confirm()]).run(
      call({ onApprovalRequired, signal: controller.signal }),
      sending().send,
    );
    await Promise.resolve();
    controller.abort("enough");
    await expect(running).rejects.toBe("enough");
    expect(heard?.aborted).toBe(true);
  });
});

it("redact() takes keys and texts out of what is sent and what is given, and leaves its inputs alone", async () => {
  const given = call({ arguments: { to: "bob", deep: [{ Password: { a: 1 } }] } });
  const { sent, send } = sending();
  const hide = redact({ keys: ["pass*"], text: (text) => text.replaceAll("bob", "…") });
  const result = await chain([hide]).run(given, send);
  expect(sent).toEqual([[{ to: "…", deep: [{ Password: "[redacted]" }] }, true]]);
  expect(result).toEqual({ content: [{ type: "text", text: "sent to …" }] });
  expect(answer.content[0]).toMatchObject({ text: "sent to bob" });
  const results = sending();
  await chain([redact({ keys: "to", in: "results" })]).run(given, results.send);
  expect(results.sent).toEqual([[given.arguments, false]]);
});
