import type { ServerId } from "@tenantry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { couldOwn, toolName } from "./tool-name.ts";

const named = (server: string, tool: string) => toolName(server as ServerId, tool);
const owns = (server: string, name: string) => couldOwn(server as ServerId, name);

/** Texts that are near every boundary of the readable form. */
const pieces = [
  "a",
  "b",
  "A",
  "0",
  "_",
  "__",
  "-",
  "--",
  ".",
  "/",
  " ",
  "é",
  "\u202e",
  "\u200b",
  "\0",
  "\ud800",
  "000000000000",
];
const adversarial = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join("")),
  fc.array(fc.constantFrom(...pieces), { minLength: 15, maxLength: 80 }).map((parts) => parts.join("")),
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.constantFrom("", "__proto__", "constructor", "x".repeat(300), "tool", "server"),
);
const pair = fc.tuple(adversarial, adversarial);

describe("toolName", () => {
  it.each([
    ["github", "create_issue", "github__create_issue"],
    ["my-server_2", "search-docs", "my-server_2__search-docs"],
    ["github", "get_organization", "github__get_organization"],
    ["a", "_private", "a___private"],
    ["a", "b__c", "a__b__c"],
    ["a", "__proto__", "a____proto__"],
    ["a", "constructor", "a__constructor"],
    ["a", "x".repeat(61), `a__${"x".repeat(61)}`],
  ])("reads as expected for %j and %j", (server, tool, name) => {
    expect(named(server, tool)).toBe(name);
  });

  it.each([
    ["a__b", "c", "a_b__c--"],
    ["a_", "b", "a__b--"],
    ["docs", "", "docs__tool--"],
    ["東京", "検索", "server__tool--"],
    ["docs", "ns/create issue", "docs__ns_create_issue--"],
    ["docs", "\u202eevil\u200b", "docs__evil--"],
    ["docs", "сreate", "docs__reate--"],
    ["docs", "a\r\nb\0", "docs__a_b--"],
    ["docs", "x".repeat(300), `docs__${"x".repeat(44)}--`],
    ["s".repeat(128), "x".repeat(300), `${"s".repeat(20)}__${"x".repeat(28)}--`],
    ["a", "x".repeat(62), `a__${"x".repeat(47)}--`],
    ["a", "looks--0123456789ab", "a__looks--0123456789ab--"],
  ])("slugs and hashes %j and %j", (server, tool, prefix) => {
    const name = named(server, tool);
    expect(name.slice(0, -12)).toBe(prefix);
    expect(name.slice(-12)).toMatch(/^[0-9a-v]{12}$/u);
  });

  it("keeps its names from one release to the next", () => {
    expect(named("a__b", "c")).toBe("a_b__c--aa13jqdjjsrv");
    expect(named("docs", "")).toBe("docs__tool--spsiiv0hudkq");
  });

  it("gives 1 to 64 characters that every model provider accepts", () => {
    fc.assert(fc.property(pair, ([server, tool]) => /^[A-Za-z0-9_-]{1,64}$/u.test(named(server, tool))));
  });

  it("gives different pairs different names", () => {
    const different = (one: readonly string[], other: readonly string[]) =>
      one[0] !== other[0] || one[1] !== other[1];
    fc.assert(
      fc.property(pair, pair, (one, other) => !different(one, other) || named(...one) !== named(...other)),
      { numRuns: 2_000 },
    );
  });

  it("gives different names to every pair of short texts around the separators", () => {
    const texts = [""];
    for (let start = 0, length = 1; length <= 4; length++) {
      const end = texts.length;
      for (; start < end; start++) for (const next of "a_-") texts.push(texts[start] + next);
    }
    const seen = new Set(texts.flatMap((server) => texts.map((tool) => named(server, tool))));
    expect(seen.size).toBe(texts.length ** 2);
  });

  it("cannot be made to give another tool's hashed name", () => {
    fc.assert(
      fc.property(pair, ([server, tool]) => {
        const name = named(server, tool);
        for (let at = name.indexOf("__"); at > 0; at = name.indexOf("__", at + 1)) {
          const forged = [name.slice(0, at), name.slice(at + 2)] as const;
          if (forged[0] === server && forged[1] === tool) continue;
          if (named(...forged) === name) return false;
        }
        return true;
      }),
    );
  });
});

describe("couldOwn", () => {
  it("never rules out the owner", () => {
    fc.assert(fc.property(pair, ([server, tool]) => owns(server, named(server, tool))));
  });

  it("allows a readable name for one server at most", () => {
    const ids = ["a", "a_", "a__b", "_", "a-", "b", "_a"];
    fc.assert(
      fc.property(fc.constantFrom(...ids), adversarial, (server, tool) => {
        const name = named(server, tool);
        if (/--[0-9a-v]{12}$/u.test(name)) return true;
        return ids.filter((id) => owns(id, name)).length === 1;
      }),
    );
  });

  it.each(["", "a", "a__", "github", "b__c", "a__b c", `a__${"x".repeat(62)}`])("rules out %j", (name) => {
    expect(owns("a", name)).toBe(false);
  });

  it("rules out another server's hashed name", () => {
    expect(owns("files", named("docs", "a b"))).toBe(false);
  });
});
