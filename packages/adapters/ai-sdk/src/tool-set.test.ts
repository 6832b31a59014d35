import * as sdk from "ai";
import { describeToolSet } from "../test/tool-set-cases.ts";

describeToolSet("7", "file", sdk, {
  named: (user, tools) => ({ toolsContext: Object.fromEntries(tools.map((name) => [name, { user }])) }),
  userOf: ({ context }) => (context as { user: string }).user,
});
