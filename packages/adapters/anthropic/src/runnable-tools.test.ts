import * as sdk from "@anthropic-ai/sdk";
import { describeRunner } from "../test/runner-cases.ts";

describeRunner("1", sdk);
