import type { CallToolResult } from "@tenantry/core";
import { compileGlobs, type Glob } from "../policy/glob.ts";
import type { Interceptor } from "./interceptor.ts";

/** What is taken out. */
export interface RedactOptions {
  /** Whatever stands under these keys, at any depth; case does not count. */
  readonly keys?: Glob | readonly Glob[] | undefined;
  /** Gives a text as it may be seen. What it is given is not trusted, and may be long. */
  readonly text?: ((text: string) => string) | undefined;
  /** Defaults to both: what tools are given, and what they answer. */
  readonly in?: "arguments" | "results" | undefined;
}

const redacted = "[redacted]";

/** Takes out of arguments before they are sent, and of results before they are given, what must not pass. */
export function redact({ keys, text = same, in: only }: RedactOptions): Interceptor {
  const isKey = compileGlobs(lowerCase(keys));
  const taken = (value: unknown): unknown => {
    if (typeof value === "string") return text(value);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(taken);
    const members = Object.entries(value).map(([key, member]) => [
      key,
      isKey?.(key.toLowerCase()) === true ? redacted : taken(member),
    ]);
    // A key "__proto__" is a key like any other.
    return Object.fromEntries(members) as unknown;
  };
  return Object.freeze<Interceptor>({
    async around(call, next) {
      const result = await next(only === "results" ? undefined : (taken(call.arguments) as object));
      return only === "arguments" ? result : (taken(result) as CallToolResult);
    },
  });
}

function same(text: string): string {
  return text;
}

function lowerCase(keys: RedactOptions["keys"]): RedactOptions["keys"] {
  if (keys === undefined) return undefined;
  return typeof keys === "string" ? keys.toLowerCase() : keys.map((key) => key.toLowerCase());
}
