import { secret } from "@tenantry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StderrTail } from "./stderr-tail.ts";

function tailOf(shownBytes: number, secrets: readonly string[], chunks: readonly string[]): StderrTail {
  const tail = new StderrTail(shownBytes, secrets.map(secret));
  for (const chunk of chunks) tail.push(Buffer.from(chunk));
  return tail;
}

describe("StderrTail", () => {
  it("keeps the end, however it is cut into chunks", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.string({ maxLength: 60 })),
        (shown, chunks) => {
          expect(tailOf(shown, [], chunks).text()).toBe(chunks.join("").slice(-shown));
        },
      ),
    );
  });

  it("shows no part of a secret, wherever the tail begins", () => {
    const text = `before ${"TOPSECRET"} after`;
    for (let shown = 1; shown <= text.length; shown++) {
      expect(tailOf(shown, ["TOPSECRET"], ["x".repeat(50), ...text]).text()).not.toMatch(/[A-Z]/u);
    }
    expect(tailOf(100, ["TOPSECRET", ""], ["a TOPSE", "CRET b"]).text()).toBe("a [redacted] b");
    expect(tailOf(100, ["pässwörd"], ["a pässwörd b"]).text()).toBe("a [redacted] b");
  });

  it("shows no secret that JSON has spelled, and no line of one that has several", () => {
    const key = 'first"line\nsecond-line';
    expect(tailOf(200, [key], [JSON.stringify({ key })]).text()).toBe('{"key":"[redacted]"}');
    expect(tailOf(200, [key], ["> second-line <"]).text()).toBe("> [redacted] <");
  });

  it("gives the error of a crash of Node and not its version", () => {
    const crash =
      "throw err;\n^\n\nError: Cannot find module 'x'\n    at load (node:internal)\n\nNode.js v26.10.0\n";
    expect(tailOf(500, [], [crash]).lastLine()).toBe("Error: Cannot find module 'x'");
    expect(tailOf(500, [], ["Error: before\nno licence\n"]).lastLine()).toBe("no licence");
  });

  it("does not begin within a character", () => {
    expect(tailOf(4, [], ["ab漢字"]).text()).toBe("字");
  });

  it("gives the last line that is not blank", () => {
    expect(tailOf(100, [], ["one\r\n two \n\n \n"]).lastLine()).toBe("two");
    expect(tailOf(100, [], ["\n"]).lastLine()).toBeUndefined();
    expect(tailOf(100, [], []).lastLine()).toBeUndefined();
  });
});
