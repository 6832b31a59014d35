import * as sdk from "@openai/agents";
import { describeFunctionTools } from "../test/function-tools-cases.ts";

describeFunctionTools("0.20", sdk);
