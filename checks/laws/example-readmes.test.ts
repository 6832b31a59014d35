import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";

const examples = join(import.meta.dirname, "../../examples");

it.each([
  ["anthropic-tools", "ask.ts"],
  ["express-langgraph", "agent.ts"],
  ["hono-agent", "app.ts"],
  ["nextjs-chat-route", "app/api/chat/route.ts"],
  ["openai-agents", "agents.ts"],
])("the README of %s shows what its %s holds", async (example, file) => {
  const [readme = "", source = ""] = await Promise.all(
    ["README.md", file].map((name) => readFile(join(examples, example, name), "utf8")),
  );
  const shown = /^```ts\n(?<code>.+?)^```$/msu.exec(readme)?.groups?.["code"];
  expect(dense(source)).toContain(dense(shown ?? expect.unreachable("It shows nothing.")));
});

/** A README shows code further to the left than it stands, and breaks its lines elsewhere. */
function dense(code: string): string {
  return code.replaceAll(/\s+/gu, "");
}
