import { expect, it } from "vitest";
import { toolOutput } from "./tool-output.ts";

const text = { type: "text", text: "a picture" } as const;
const image = { type: "image", data: "AAAA", mimeType: "image/png" } as const;
const shape = ({ type, mimeType, data }: { type: string; mimeType: string; data: string }) =>
  [type, mimeType, data].join(" ");

it("is text, files among text, or the text of a failure", () => {
  expect(toolOutput({ content: [text] }, shape)).toEqual({ type: "text", value: "a picture" });
  expect(toolOutput({ content: [text, image] }, shape)).toEqual({
    type: "content",
    value: [text, "image image/png AAAA"],
  });
  expect(toolOutput({ content: [text, image], isError: true }, shape)).toEqual({
    type: "error-text",
    value: "a picture\n[image, image/png, 3 bytes]",
  });
});
