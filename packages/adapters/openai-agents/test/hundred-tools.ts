import type { FakeTool } from "@tenantry/testing";

/** A hundred tools, some with the names of what every object has, or of each other but for one character. */
export function hundredTools(): readonly FakeTool[] {
  const names = [
    "__proto__",
    "constructor",
    "toString",
    "a-b",
    "a_b",
    "a.b",
    "a b",
    "A_B",
    "é",
    "x".repeat(128),
  ];
  const others = Array.from({ length: 100 - names.length }, (_, index) => `tool-${index}`);
  return [...names, ...others].map((name) => ({
    definition: { name, description: `Answers to ${name}.`, inputSchema: { type: "object" } },
    call: (_args, { user }) => ({ content: [{ type: "text", text: `${name} for ${user ?? "nobody"}` }] }),
  }));
}
