import * as sdk from "anthropic0";
import { vi } from "vitest";
import { describeRunner } from "../test/runner-cases.ts";

// The version before, wherever the adapter says "@anthropic-ai/sdk".
vi.mock("@anthropic-ai/sdk/lib/tools/ToolError", () => import("anthropic0/lib/tools/ToolError"));

await describeRunner("0.137", sdk as never);
