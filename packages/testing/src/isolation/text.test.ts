import { expect, it } from "vitest";
import { names, shows, textOf } from "./text.ts";

it("reads all that a failure says, and not where it was made", () => {
  const failure = Object.assign(new TypeError("It failed.", { cause: new Error("Bob left.") }), {
    data: { user: "ada" },
  });
  expect(textOf(failure).split("\n")).toEqual([
    "TypeError: It failed.",
    "{ user: 'ada' }",
    "Error: Bob left.",
  ]);
  expect(textOf({ deep: [{ answer: "answer for ada, call 1" }] })).toContain("answer for ada, call 1");
});

it.each([
  ["bob", true],
  ["the call of bob failed", true],
  ['{"user":"bob"}', true],
  ["bob's pen", true],
  ["bobsled", false],
  ["only_bob", false],
  ["at /home/bob/project", false],
  ["C:\\bob\\project", false],
])("finds a user in %j: %s", (text, found) => {
  expect(names(text, "bob")).toBe(found);
});

it("finds a tool by its name, with a prefix and whatever else there is of it, and by no part of a name", () => {
  expect(shows(["notes__only_ada"], "only_ada")).toBe(true);
  expect(shows([["notes__only_ada", { description: "" }]], "only_ada")).toBe(true);
  expect(shows([{ name: "only_adam" }], "only_ada")).toBe(false);
});
