import * as sdk from "@anthropic-ai/sdk";
import { describeRunner } from "../test/runner-cases.ts";

await describeRunner("1", sdk);
