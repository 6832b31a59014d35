import * as sdk from "@openai/agents";
import { describeMcpServer } from "../test/mcp-server-cases.ts";

describeMcpServer("0.20", sdk);
