import type { z } from "zod";
import { quote } from "./error.ts";

/**
 * Says what a schema found wrong, each with its path within `path`, and never a value, which may be a secret. `known` are
 * the keys that there are, where one is unknown.
 */
export function describeIssues(error: z.ZodError, path: string, known?: readonly string[]): string {
  return `${error.issues.map((issue) => describe(issue, path, known)).join("; ")}.`;
}

function describe(issue: z.core.$ZodIssue, path: string, known: readonly string[] | undefined): string {
  const where = [
    path,
    ...issue.path.map((key) => (/^\w+$/u.test(String(key)) ? String(key) : quote(String(key)))),
  ].join(".");
  if (issue.code === "unrecognized_keys") {
    const there = known === undefined ? "" : ` (there are ${known.join(", ")})`;
    return `${where}: unknown key ${issue.keys.map((key) => quote(key)).join(", ")}${there}`;
  }
  const [inner] = issue.code === "invalid_key" ? issue.issues : [];
  return `${where}: ${(inner ?? issue).message.replace(/^Invalid input: /u, "")}`;
}
