import { vi } from "vitest";
import { describeSdk } from "../test/sdk-cases.ts";
import { v1 } from "../test/v1.ts";

// The oldest version that is supported, wherever the adapter or its test says version 1.
vi.mock("@modelcontextprotocol/sdk/client/index.js", () => import("mcp-sdk-1-20/client/index.js"));
vi.mock("@modelcontextprotocol/sdk/types.js", () => import("mcp-sdk-1-20/types.js"));

describeSdk(v1("1.20"));
