import { tracingChannel } from "node:diagnostics_channel";
import { principalOf, type JsonObject, type ServerId } from "@tenantry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PolicyGuard } from "./guard.ts";
import { hintsOf } from "./hints.ts";
import type { Policy, PolicyRequest, PolicyRule, PolicyRules } from "./policy.ts";

const server = "files" as ServerId;
const ada = principalOf({ workspace: "acme", user: "ada" });

function guard(...policies: readonly Policy[]): PolicyGuard {
  return new PolicyGuard(policies.map((policy) => ({ policy, path: "policy" })));
}

function request(parts: Partial<PolicyRequest> = {}): PolicyRequest {
  const tool = { phase: "call", kind: "tool", name: "read", principal: ada, roles: [], server } as const;
  return { ...tool, annotations: {}, ...parts };
}

const call = (name: string, args: JsonObject = {}) => request({ name, arguments: args });

describe("rules", () => {
  it("deny wins, and the rest is denied only where something is allowed", () => {
    const both = guard({ allow: [{ tool: "*" }], deny: [{ tool: "delete_*" }] });
    expect(both.decide(call("delete_all"))).toBe("deny");
    expect(both.decide(call("read"))).toBe("allow");
    expect(guard({ deny: [{ tool: "delete_*" }] }).decide(call("read"))).toBe("allow");
    expect(guard({ allow: [{ tool: "get_*" }] }).decide(call("read"))).toBe("deny");
    expect(guard({ default: "deny" }).decide(call("read"))).toBe("deny");
    expect(guard({}).decide(call("read"))).toBe("allow");
  });

  it.each<[PolicyRule, Partial<PolicyRequest>]>([
    [{ workspace: "acme" }, { principal: principalOf({ workspace: "globex", user: "ada" }) }],
    [{ user: ["ada", "bob"] }, { principal: principalOf({ workspace: "acme", user: "eve" }) }],
    [{ role: "admin" }, { roles: ["guest"] }],
    [{ server: "fi*" }, { server: "mail" as ServerId }],
    [{ tool: "read" }, { name: "write" }],
    [{ tool: "*" }, { kind: "prompt" }],
    [{ prompt: "*" }, {}],
    [{ resource: "file:///public/*" }, { kind: "resource", name: "file:///etc/passwd" }],
  ])("%j is not about %j", (rule, other) => {
    expect(guard({ deny: [rule] }).decide(request(other))).toBe("allow");
    expect(guard({ allow: [rule] }).decide(request(other))).toBe("deny");
  });

  it("are about resources, templates and prompts by their URI and name", () => {
    const rules = guard({ allow: [{ resource: "file:///public/*" }, { prompt: "greet", tool: "read" }] });
    const of = (kind: PolicyRequest["kind"], name: string) => rules.decide(request({ kind, name }));
    expect(of("resource", "file:///public/a")).toBe("allow");
    expect(of("resourceTemplate", "file:///public/{name}")).toBe("allow");
    expect(of("resource", "file:///private/a")).toBe("deny");
    expect(of("prompt", "greet")).toBe("allow");
    expect(of("tool", "read")).toBe("allow");
    expect(of("tool", "greet")).toBe("deny");
  });

  it("compare arguments at the call, by their own keys only; a list shows what some may be allowed for", () => {
    const path = ["repo", "owner"];
    const rules = guard({
      allow: [{ tool: "push", arguments: [{ path, oneOf: ["acme", 1] }] }],
      deny: [{ arguments: [{ path: "force", equals: true }] }],
    });
    expect(rules.decide(call("push", { repo: { owner: "acme" } }))).toBe("allow");
    expect(rules.decide(call("push", { repo: { owner: "1" } }))).toBe("deny");
    expect(rules.decide(call("push", { repo: ["acme"] }))).toBe("deny");
    expect(rules.decide(call("push", { repo: { owner: "acme" }, force: true }))).toBe("deny");
    expect(rules.decide(request({ phase: "list", name: "push" }))).toBe("allow");
    const inherited = guard({ deny: [{ arguments: [{ path: "constructor", present: true }] }] });
    expect(inherited.decide(call("push"))).toBe("allow");
    const others = guard({ deny: [{ arguments: [{ path: "to", noneOf: ["ada", null] }] }] });
    expect(others.decide(call("send"))).toBe("deny");
    expect(others.decide(call("send", { to: null }))).toBe("allow");
  });

  it("take annotations for true only where they are known: an allow needs them, and a deny holds without", () => {
    const reading = guard({ allow: [{ annotations: { readOnlyHint: true } }] });
    const mild = guard({ deny: [{ annotations: { destructiveHint: true } }] });
    const reads = hintsOf({
      name: "a",
      inputSchema: { type: "object" },
      annotations: { readOnlyHint: true },
    });
    for (const [annotations, expected] of [
      [undefined, ["unknown", "unknown"]],
      [{}, ["deny", "deny"]],
      [{ readOnlyHint: false, destructiveHint: false }, ["deny", "allow"]],
      [reads, ["allow", "allow"]],
    ] as const) {
      const asked = request({ annotations });
      expect([reading.decide(asked), mild.decide(asked)]).toEqual(expected);
    }
    expect(guard({ deny: [{ tool: "x" }, { annotations: { readOnlyHint: false } }] }).decide(call("x"))).toBe(
      "deny",
    );
  });

  it("tell of a server that nothing of it may be allowed", () => {
    const rules = guard({
      deny: [{ user: "eve" }, { server: "admin*" }],
      allow: [{ tool: "read", role: "reader" }],
    });
    const may = (user: string, roles: readonly string[], id = "files") =>
      rules.mayAllow({ principal: principalOf({ workspace: "acme", user }), roles, server: id as ServerId });
    expect(may("ada", ["reader"])).toBe(true);
    expect(may("ada", [])).toBe(false);
    expect(may("eve", ["reader"])).toBe(false);
    expect(may("ada", ["reader"], "admin2")).toBe(false);
  });
});

describe("a function", () => {
  it("allows by true alone, and may be waited for", async () => {
    for (const [decide, expected] of [
      [() => true, "allow"],
      [() => false, "deny"],
      [() => "yes", "deny"],
      [() => undefined, "deny"],
      [async () => true, "allow"],
      [async () => 1, "deny"],
      [() => Promise.reject(new Error("down")), "deny"],
      [
        () => {
          throw new Error("down");
        },
        "deny",
      ],
    ] as const) {
      expect(await guard(decide as () => boolean).decide(request())).toBe(expected);
    }
  });

  it("is asked for nothing that a rule denies, and only with annotations where it wants them", async () => {
    const asked: unknown[] = [];
    const decide = ({ name, annotations }: PolicyRequest) => asked.push([name, annotations]) > 0;
    const all = guard([{ deny: [{ tool: "delete" }] }, { decide, annotations: true }], decide);
    expect(await all.decide(call("delete"))).toBe("deny");
    expect(await all.decide(request({ annotations: undefined }))).toBe("unknown");
    expect(asked).toEqual([]);
    expect(await all.decide(request())).toBe("allow");
    expect(asked).toEqual([
      ["read", {}],
      ["read", {}],
    ]);
  });

  it("that fails is told with its cause", async () => {
    const told: object[] = [];
    const listener = { error: (event: object) => void told.push(event) } as never;
    const channel = tracingChannel("tenantry:router:policy");
    channel.subscribe(listener);
    const cause = new Error("down");
    const decided = await guard(() => Promise.reject(cause)).decide(request());
    channel.unsubscribe(listener);
    expect(decided).toBe("deny");
    expect(told).toEqual([expect.objectContaining({ principal: ada, server, name: "read", error: cause })]);
  });
});

describe("a policy that is misspelt is refused with its path", () => {
  it.each<[unknown, string]>([
    [{ denny: [] }, 'policy: unknown key "denny" (there are allow, deny, default)'],
    [{ deny: [{ tools: "x" }] }, 'policy.deny.0: unknown key "tools" (there are workspace,'],
    [{ deny: [{ tool: [] }] }, "policy.deny.0.tool: "],
    [{ deny: [{ annotations: { readonly: true } }] }, 'policy.deny.0.annotations: unknown key "readonly"'],
    [{ deny: [{ arguments: [{ path: "a" }] }] }, "policy.deny.0.arguments.0: expected exactly one of equals"],
    [
      { deny: [{ arguments: [{ path: "a", is: 1 }] }] },
      'policy.deny.0.arguments.0: unknown key "is" (there are path,',
    ],
    [{ allow: [{ resource: "x", annotations: {} }] }, "policy.allow.0: expected no annotations"],
    [{ default: "no" }, "policy.default: "],
    [{ decide: 1 }, "policy.decide: expected a function"],
    [[{}, { allow: 1 }], "policy.1.allow: "],
    ["deny", "policy: "],
    [null, "policy: "],
  ])("%j", (policy, message) => {
    expect(() => guard(policy as Policy)).toThrow(`[CONFIG_INVALID] ${message}`);
  });
});

describe("whatever the rules are", () => {
  const text = fc.constantFrom("a", "b", "*", "a*");
  const hint = fc.option(fc.boolean(), { nil: undefined });
  const rule: fc.Arbitrary<PolicyRule> = fc.record(
    {
      user: text,
      role: text,
      server: text,
      tool: text,
      annotations: fc.record({ readOnlyHint: hint, destructiveHint: hint }),
      arguments: fc.tuple(fc.record({ path: fc.constant("x"), equals: fc.constantFrom(1, 2) })),
    },
    { requiredKeys: [] },
  );
  const someRules: fc.Arbitrary<PolicyRules> = fc.record(
    { allow: fc.array(rule, { maxLength: 3 }), deny: fc.array(rule, { maxLength: 3 }) },
    { requiredKeys: [] },
  );
  const asked: fc.Arbitrary<PolicyRequest> = fc
    .record({
      user: fc.constantFrom("a", "b"),
      roles: fc.subarray(["a", "b"]),
      server: fc.constantFrom("a", "b"),
      name: fc.constantFrom("a", "b", "ab"),
      annotations: fc.option(fc.record({ readOnlyHint: hint, destructiveHint: hint }), { nil: undefined }),
      arguments: fc.constantFrom({}, { x: 1 }, { x: 2 }),
    })
    .map(({ user, server: id, ...others }) =>
      request({ ...others, principal: principalOf({ workspace: "w", user }), server: id as ServerId }),
    );

  it("what may be called is listed", () => {
    fc.assert(
      fc.property(someRules, asked, (rules, one) => {
        if (guard(rules).decide(one) !== "allow") return;
        expect(guard(rules).decide({ ...one, phase: "list", arguments: undefined })).toBe("allow");
        expect(guard(rules).mayAllow(one)).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  it("one more denial allows nothing, and one more allowance among others denies nothing", () => {
    fc.assert(
      fc.property(someRules, rule, asked, (rules, more, one) => {
        const { allow = [], deny = [] } = rules;
        if (guard(rules).decide(one) === "deny")
          expect(guard({ ...rules, deny: [...deny, more] }).decide(one)).toBe("deny");
        if (rules.allow !== undefined && guard(rules).decide(one) === "allow")
          expect(guard({ ...rules, allow: [...allow, more] }).decide(one)).toBe("allow");
      }),
      { numRuns: 3_000 },
    );
  });

  it("what a deny is about is denied, and knowing more changes nothing that was decided", () => {
    fc.assert(
      fc.property(someRules, asked, (rules, one) => {
        const decided = guard(rules).decide(one);
        const alone = guard({ deny: rules.deny ?? [] }).decide(one);
        if (alone === "deny") expect(decided).toBe("deny");
        const before = guard(rules).decide({ ...one, annotations: undefined });
        if (one.annotations !== undefined && before !== "unknown") expect(decided).toBe(before);
      }),
      { numRuns: 3_000 },
    );
  });
});
