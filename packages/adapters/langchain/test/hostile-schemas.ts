/** What a server's schema may do to whoever runs it: take two to the power of twenty-four steps, or lead nowhere. */
export const hostileSchemas = [
  { type: "object", properties: { text: { type: "string", pattern: "^(a+)+$" } } },
  { type: "object", properties: { text: { $ref: "https://example.com/nowhere" } } },
] as const;

/** The text that the pattern takes so long for. */
export const slowText = `${"a".repeat(24)}!`;
