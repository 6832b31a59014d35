import { inspect } from "node:util";

/** Everything that is in a value, as text; frameworks put answers into objects that JSON does not take. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return failureText(value);
  return inspect(value, { depth: 12, breakLength: Number.POSITIVE_INFINITY });
}

/** All that an error says, and not where it was made. */
function failureText(failure: Error): string {
  const {
    name,
    message,
    cause,
    stack: _where,
    ...more
  } = failure as Error & Readonly<Record<string, unknown>>;
  const texts = [`${name}: ${message}`, ...Object.values(more).map(textOf)];
  return [...texts, ...(cause === undefined ? [] : [textOf(cause)])].join("\n");
}

/** Whether a text names a user as a word of its own; in a path it is somebody's folder. */
export function names(text: string, user: string): boolean {
  return new RegExp(`(?<![\\w/\\\\-])${user}(?![\\w/\\\\-])`, "u").test(text);
}

/** Whether a list has a tool of this name, with whatever prefix. */
export function shows(list: readonly unknown[], tool: string): boolean {
  return list.some((one) => new RegExp(`${tool}(?!\\w)`, "u").test(textOf(one)));
}
