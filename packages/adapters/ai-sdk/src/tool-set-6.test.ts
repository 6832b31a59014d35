import * as sdk from "ai6";
import { vi } from "vitest";
import { describeToolSet } from "../test/tool-set-cases.ts";

// The version before, wherever the adapter or its test says "ai".
vi.mock("ai", () => import("ai6"));
vi.mock("ai/test", () => import("ai6/test"));

describeToolSet("6", "file-data", sdk as never, {
  named: (user) => ({ experimental_context: { user } }),
  userOf: (call) => (call.experimental_context as { user: string }).user,
});
