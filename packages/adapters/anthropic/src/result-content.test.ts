import type { CallToolResult } from "@tenantry/core";
import { expect, it } from "vitest";
import { resultContent } from "./index.ts";

const contentOf = (...content: CallToolResult["content"]) => resultContent({ content });

it("gives images and PDF documents as such, whether they are blocks or resources", () => {
  expect(
    contentOf(
      { type: "image", data: "AAAA", mimeType: "image/webp" },
      { type: "resource", resource: { uri: "file:///a.png", mimeType: "image/png", blob: "AAAA" } },
      { type: "resource", resource: { uri: "file:///a.pdf", mimeType: "application/pdf", blob: "AAAA" } },
    ),
  ).toEqual([
    { type: "image", source: { type: "base64", media_type: "image/webp", data: "AAAA" } },
    { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } },
    { type: "document", source: { type: "base64", media_type: "application/pdf", data: "AAAA" } },
  ]);
});

it("says what the API does not take", () => {
  expect(
    contentOf(
      { type: "image", data: "AAAA", mimeType: "image/svg+xml" },
      { type: "image", data: "AAAA", mimeType: "constructor" },
      { type: "audio", data: "AAAA", mimeType: "image/png" },
      { type: "resource", resource: { uri: "file:///a.zip", mimeType: "application/zip", blob: "AAAA" } },
      { type: "resource", resource: { uri: "file:///a.png", mimeType: "image/png", text: "no bytes" } },
    ),
  ).toBe(
    [
      "[image, image/svg+xml, 3 bytes]",
      "[image, constructor, 3 bytes]",
      "[audio, image/png, 3 bytes]",
      "[resource file:///a.zip, application/zip, 3 bytes]",
      "no bytes",
    ].join("\n"),
  );
});

it("leaves out text that says nothing, and gives what is structured where there is no block", () => {
  const picture = { type: "image", data: "AAAA", mimeType: "image/webp" } as const;
  expect(contentOf({ type: "text", text: " \n" }, picture)).toMatchObject([{ type: "image" }]);
  expect(contentOf({ type: "text", text: " \n" })).toBe("");
  expect(resultContent({ content: [], structuredContent: { sum: 3 } })).toBe('{"sum":3}');
});
