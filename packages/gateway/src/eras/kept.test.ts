import { expect, it } from "vitest";
import { Kept } from "./kept.ts";

it("forgets an owner's oldest first, then everybody's, and never what may not go", () => {
  const kept = new Kept<string>({ max: 4, maxEach: 2, mayGo: (value) => value !== "busy" });
  const has = (...names: string[]) => names.filter((name) => kept.get(name) !== undefined);
  kept.put("a1", "ada", "1");
  kept.put("a2", "ada", "2");
  kept.put("a1", "ada", "1");
  kept.put("a3", "ada", "3");
  expect(has("a1", "a2", "a3")).toEqual(["a1", "a3"]);
  kept.put("b1", "bob", "busy");
  kept.put("b2", "bob", "2");
  kept.put("b3", "bob", "3");
  expect(has("b1", "b2", "b3")).toEqual(["b1", "b3"]);
  kept.put("e1", "eve", "1");
  expect(has("a1", "a3", "b1", "b3", "e1")).toEqual(["a3", "b1", "b3", "e1"]);
  kept.delete("b1");
  kept.delete("unknown");
  kept.put("e2", "eve", "2");
  expect(has("a3", "b1", "b3", "e1", "e2")).toEqual(["a3", "b3", "e1", "e2"]);
  expect(kept.owners).toBe(3);
  for (const name of ["a3", "b3", "e1"]) kept.delete(name);
  expect(kept.owners).toBe(1);
});

it("keeps what is new where nothing else may go, and forgets it for the next", () => {
  const kept = new Kept<string>({ max: 9, maxEach: 1, mayGo: (value) => value !== "busy" });
  kept.put("a1", "ada", "busy");
  kept.put("a2", "ada", "2");
  expect([kept.get("a1"), kept.get("a2")]).toEqual(["busy", "2"]);
  kept.put("a3", "ada", "3");
  expect([kept.get("a1"), kept.get("a2"), kept.get("a3")]).toEqual(["busy", undefined, "3"]);
});
