import { format, inspect } from "node:util";
import { expect, test } from "vitest";
import { Secret, secret } from "./index.ts";

const hidden = secret("s3cret");

test("a secret gives its text only when asked by name", () => {
  expect(hidden.reveal()).toBe("s3cret");
  expect(hidden).toBeInstanceOf(Secret);
});

test("a secret does not show itself", () => {
  const shown = [
    String(hidden),
    `${hidden}`,
    JSON.stringify({ hidden }),
    JSON.stringify(Object.entries({ hidden })),
    inspect(hidden, { depth: null, showHidden: true }),
    inspect({ deep: { hidden } }, { depth: null, showHidden: true }),
    inspect(hidden, { customInspect: false, showHidden: true }),
    format("%s %o %O %j", hidden, hidden, hidden, hidden),
    Object.prototype.toString.call(hidden),
    JSON.stringify({ ...hidden }),
    Object.getOwnPropertyNames(hidden).join(),
  ];
  expect(shown.join("\n")).not.toContain("s3cret");
  expect(inspect(hidden)).toBe("[redacted]");
  expect(shown.slice(0, 3)).toEqual(["[redacted]", "[redacted]", '{"hidden":"[redacted]"}']);
});

test("a secret does not survive being cloned", () => {
  expect(JSON.stringify(structuredClone({ hidden }))).not.toContain("s3cret");
});
