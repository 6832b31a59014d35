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
    expect(tailOf(200, [key], [JSON.stringify('> first"line <')]).text()).toBe('"> [redacted] <"');
  });

  it("shows no line of a secret that spells its line breaks out", () => {
    const key = "-----BEGIN KEY-----\\nMIIEpAIBAAK\\n-----END KEY-----\\n";
    const printed = key.replaceAll("\\n", "\n");
    expect(tailOf(500, [key], [key, printed, "MIIEpAIBAAK"]).text()).not.toMatch(/KEY|MII/u);
  });

  it.each([
    ["Python", String.raw`"p\u00e4ss \"w<o>rd\" 1+1/2 \ud83d\ude00"`],
    ["Go", String.raw`"päss \"w\u003co\u003erd\" 1+1/2 😀"`],
    [".NET", String.raw`"p\u00E4ss \u0022w\u003Co\u003Erd\u0022 1\u002B1/2 \uD83D\uDE00"`],
    ["a URL", `"${encodeURIComponent('päss "w<o>rd" 1+1/2 😀')}"`],
  ])("shows no secret as %s spells it", (_, spelled) => {
    expect(tailOf(300, ['päss "w<o>rd" 1+1/2 😀'], [`a ${spelled} b`]).text()).toBe('a "[redacted]" b');
  });

  it("shows no part of any spelling, wherever the tail begins", () => {
    const text = `before ${JSON.stringify('TOP\n"SECRET"\nKEY')} after`;
    for (let shown = 1; shown <= text.length; shown++) {
      expect(tailOf(shown, ['TOP\n"SECRET"\nKEY'], ["x".repeat(99), ...text]).text()).not.toMatch(/[A-Z]/u);
    }
  });

  it("takes secrets that are not well-formed", () => {
    expect(tailOf(100, ["half \ud83d"], ["a\n"]).text()).toBe("a\n");
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

describe("the line that tells most", () => {
  const frames = "    at load (node:internal:1:2)\n    at node:internal/main:3:4";
  const end = "\n\nNode.js v26.10.0\n";

  it.each([
    ["a crash of Node", `x.js:1\nthrow err;\n^\n\nError: gone 'x'\n${frames}${end}`, "Error: gone 'x'"],
    [
      "one with properties and a cause",
      `Error [ERR_X]: outer\n${frames} {\n  code: 'ERR_X',\n  [cause]: Error: inner\n      at x:1\n}${end}`,
      "Error [ERR_X]: outer",
    ],
    ["one of a name of its own", `x.js:1\n^\n\nMyFailure: mine\n${frames}${end}`, "MyFailure: mine"],
    ["one after another's", `Error: before\n${frames}\nMyFailure: mine\n${frames}${end}`, "MyFailure: mine"],
    ["one after an error in a line", `Error: before\nMyFailure: mine\n${frames}${end}`, "MyFailure: mine"],
    ["one without a name", `Error: before\n${frames}\nnameless\n${frames}${end}`, "nameless"],
    ["one whose message has lines", `Error: one\ntwo\n${frames}${end}`, "Error: one"],
    [
      "one without an error",
      `Error: before\nx.js:1\n^\njust text\n(Use \`node --trace-uncaught ...\` to show where)${end}`,
      "just text",
    ],
    ["an error that was only printed", `starting\nTypeError: printed\n${frames}\n`, "TypeError: printed"],
    ["one with properties", `TypeError: printed\n${frames} {\n  code: 'X'\n}\n`, "TypeError: printed"],
    ["a crash of Python", `Traceback:\n  File "x", line 1\nValueError: py\n`, "ValueError: py"],
    ["what was said after an error", `Error: before\n${frames}\nno licence\n`, "no licence"],
    ["what is indented but no dump", "Error: before\nusage:\n  --key <key>\n", "--key <key>"],
    ["the end of a dump whose beginning is lost", `${frames}\n`, "at node:internal/main:3:4"],
  ])("of %s", (_, text, line) => {
    expect(tailOf(1_000, [], [text]).lastLine()).toBe(line);
  });
});
