import * as sdk from "@openai/agents-0.19";
import { vi } from "vitest";
import { describeFunctionTools } from "../test/function-tools-cases.ts";

// The version before, wherever the adapter or its test says "@openai/agents".
vi.mock("@openai/agents", () => import("@openai/agents-0.19"));
vi.mock("@openai/agents/testing", () => import("@openai/agents-0.19/testing"));

describeFunctionTools("0.19", sdk as never);
