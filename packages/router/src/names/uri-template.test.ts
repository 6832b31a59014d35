import fc from "fast-check";
import { expect, it } from "vitest";
import { matchesTemplate, TemplateBudget } from "./uri-template.ts";

const matches = (template: string, uri: string) => matchesTemplate(template, uri, new TemplateBudget());

it.each([
  ["note:///{id}", "note:///5", true],
  ["note:///{id}", "note:///", true],
  ["note:///{id}", "note:///5/6", false],
  ["note:///{id}", "other:///5", false],
  ["note:///{id}.txt", "note:///5.txt", true],
  ["note:///{id}.txt", "note:///5.txt.exe", false],
  ["file:///{+path}", "file:///a/b/c?d#e", true],
  ["file:///{+path}/end", "file:///a/end/b/end", true],
  ["a{+x}b{y}c", "a b / b c", true],
  ["db:///{table}{?limit,offset}", "db:///users?limit=5", true],
  ["db:///{table}{/column*}", "db:///users/a/b", true],
  ["no expression", "no expression", true],
  ["no expression", "no expression!", false],
  ["open{brace", "open{brace", true],
  ["{}", "anything", true],
])("the template %j and the URI %j: %j", (template, uri, expected) => {
  expect(matches(template, uri)).toBe(expected);
});

it("matches whatever a template is expanded to", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "-", ".") });
  const parts = fc.array(fc.tuple(text, text), { maxLength: 6 });
  fc.assert(
    fc.property(parts, (all) => {
      const template = all.map(([literal], at) => `${literal}{v${at}}`).join("");
      const uri = all.map(([literal, value]) => literal + value).join("");
      expect(matches(template, uri)).toBe(true);
    }),
  );
});

it("DOS-09: a template that is made to be slow takes no more steps than the URI and it are long", () => {
  const template = "{+a}".repeat(2_000);
  const uri = "x".repeat(8_000);
  const budget = new TemplateBudget();
  const began = performance.now();
  for (let at = 0; at < 1_000; at++) matchesTemplate(`${template}!`, uri, budget);
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(matchesTemplate("{+a}", uri, budget)).toBe(false);
});

it("tries no URI that is longer than any", () => {
  expect(matches("{+a}", "x".repeat(8_193))).toBe(false);
});
