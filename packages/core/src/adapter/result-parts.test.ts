import { expect, it } from "vitest";
import type { CallToolResult } from "../mcp.ts";
import { isCommonImage, resultParts } from "./result-parts.ts";

const image = { type: "image", data: "AAAA", mimeType: "image/png" } as const;
const sound = { type: "audio", data: "AA==", mimeType: "audio/wav" } as const;
const pdf = {
  type: "resource",
  resource: { uri: "file:///a.pdf", mimeType: "application/pdf", blob: "AAAA" },
} as const;
const text = (value: string) => ({ type: "text", text: value }) as const;

it("gives files in their place, and everything else as text", () => {
  expect(resultParts({ content: [text("a\ud83d"), image, pdf, sound] })).toEqual([
    text("a\ufffd"),
    image,
    text("[resource file:///a.pdf, application/pdf, 3 bytes]"),
    sound,
  ]);
});

it("takes the files that it is told to, those of resources too", () => {
  const takes = ({ mimeType }: { mimeType: string }) => mimeType === "application/pdf";
  expect(resultParts({ content: [image, pdf] }, takes)).toEqual([
    text("[image, image/png, 3 bytes]"),
    { type: "resource", data: "AAAA", mimeType: "application/pdf" },
  ]);
});

it("gives one text where there is no file, and says nothing beside one that nobody can read", () => {
  expect(resultParts({ content: [text("a"), text("b")] })).toBe("a\nb");
  expect(resultParts({ content: [] })).toBe("");
  expect(resultParts({ content: [], isError: true })).toMatch(/did not say why/u);
  expect(resultParts({ content: [text(" \n"), image] })).toEqual([image]);
});

it.each([
  { ...image, data: "" },
  { ...image, data: "AAA" },
  { ...image, data: "AA=A" },
  { ...image, data: "<svg>" },
  { ...image, data: 7 },
  { ...image, mimeType: undefined },
  { ...image, mimeType: "image" },
  { ...image, mimeType: "image/\ud83d" },
  { ...image, mimeType: "image/png;base64,AAAA" },
  { ...image, mimeType: "text/html" },
  { ...sound, mimeType: "image/png" },
  { ...pdf, resource: null },
])("takes for no file what is none: %j", (block) => {
  const result = { content: [block] } as unknown as CallToolResult;
  expect(resultParts(result, () => true)).toMatch(/^\[(image|audio|resource)/u);
});

it("knows the images that every model takes", () => {
  const types = ["image/gif", "image/jpeg", "image/png", "image/webp", "image/svg+xml", "constructor"];
  expect(types.map(isCommonImage)).toEqual([true, true, true, true, false, false]);
});
