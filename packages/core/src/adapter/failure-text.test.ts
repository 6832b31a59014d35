import { expect, it } from "vitest";
import { TenantryError } from "../error.ts";
import { failureText } from "./failure-text.ts";

it("gives the message of a TenantryError", () => {
  expect(failureText(new TenantryError("TIMEOUT", "Try again."))).toBe("[TIMEOUT] Try again.");
});

it.each([new Error("secret"), new DOMException("left", "AbortError"), undefined])(
  "throws %s as it is",
  (failure) => {
    let thrown: unknown = "nothing";
    try {
      failureText(failure);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBe(failure);
  },
);
