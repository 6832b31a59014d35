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

/** What a server's schema may do to whoever runs it: take two to the power of twenty-four steps, or lead nowhere. */
export const hostileSchemas = [
  { type: "object", properties: { text: { type: "string", pattern: "^(a+)+$" } } },
  { type: "object", properties: { text: { $ref: "https://example.com/nowhere" } } },
] as const;

/** The text that the pattern takes so long for. */
export const slowText = `${"a".repeat(24)}!`;
