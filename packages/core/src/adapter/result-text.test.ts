import { expect, it } from "vitest";
import { resultText } from "./result-text.ts";

it("gives every block in order, what is no text by kind and size", () => {
  const text = resultText({
    content: [
      { type: "text", text: "first" },
      { type: "image", data: "AAAA", mimeType: "image/png" },
      { type: "audio", data: "AAA=", mimeType: "audio/wav" },
      { type: "resource_link", uri: "note://2", name: "two" },
      { type: "resource_link", uri: "note://3", name: "three", description: "the third" },
      { type: "resource", resource: { uri: "note://1", text: "page" } },
      { type: "resource", resource: { uri: "note://4", blob: "AA==" } },
      { type: "resource", resource: { uri: "note://5", blob: "", mimeType: "application/pdf" } },
    ],
    structuredContent: { left: "out" },
  });
  expect(text.split("\n")).toEqual([
    "first",
    "[image, image/png, 3 bytes]",
    "[audio, audio/wav, 2 bytes]",
    "[resource note://2]",
    "[resource note://3: the third]",
    "page",
    "[resource note://4, unknown type, 1 bytes]",
    "[resource note://5, application/pdf, 0 bytes]",
  ]);
});

it("gives structured content where there are no blocks, and nothing where there is nothing", () => {
  expect(resultText({ content: [], structuredContent: { sum: 3 } })).toBe('{"sum":3}');
  expect(resultText({ content: [] })).toBe("");
});

it("mends half a character, which no provider takes", () => {
  expect(resultText({ content: [{ type: "text", text: "a\ud83d!" }] })).toBe("a\ufffd!");
});

it("says of a failure that says nothing that it is one", () => {
  expect(resultText({ content: [], isError: true })).toBe("The tool failed and did not say why.");
  expect(resultText({ content: [{ type: "text", text: " \n" }], isError: true })).toMatch(/did not say why/u);
  expect(resultText({ content: [], structuredContent: { why: "full" }, isError: true })).toBe(
    '{"why":"full"}',
  );
});

it.each([undefined, null, "text", 7, { 0: "text" }])("takes %j for no content", (content) => {
  expect(resultText({ content } as never)).toBe("");
});

it("tells what is no block of MCP as far as it can be", () => {
  const content = [
    null,
    "text",
    ["text"],
    { type: "constructor" },
    { type: "video", data: "AAAA" },
    { type: "text" },
    { type: "text", text: { toString: null } },
    { type: "image" },
    { type: "audio", data: 7, mimeType: ["audio/wav"] },
    { type: "resource" },
    { type: "resource", resource: null },
    { type: "resource", resource: { uri: "note://1" } },
    { type: "resource_link", uri: {}, description: 7 },
  ];
  expect(resultText({ content } as never).split("\n")).toEqual([
    ...Array<string>(5).fill("[content of an unknown kind]"),
    ...Array<string>(2).fill("[text that is none]"),
    "[image, unknown type, 0 bytes]",
    "[audio, unknown type, 0 bytes]",
    ...Array<string>(2).fill("[resource of no URI, unknown type, 0 bytes]"),
    "[resource note://1, unknown type, 0 bytes]",
    "[resource of no URI]",
  ]);
});
