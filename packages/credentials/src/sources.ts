import { quote, secret, type Scope, type Secret } from "@tenantry/core";
import { checkName, type ValueSource } from "./value-source.ts";

/** Gives the same value to everybody: for a service's own key, never for a user's. */
export function fromStatic(value: string | Secret): ValueSource {
  // Wrapped, so that not even a heap of closures has it where an inspector looks.
  const kept = typeof value === "string" ? secret(value) : value;
  return Object.freeze({
    describe: () => "a non-empty text to fromStatic()",
    read: () => kept,
  });
}

/** Gives an environment variable of the host's process, as it is at each read; everybody gets the same value. */
export function fromEnv(name: string): ValueSource {
  checkName(name, "fromEnv()");
  return Object.freeze({
    describe: () => `the environment variable ${quote(name)}`,
    read() {
      // The only read of the environment in all packages: one variable, which the caller has named.
      // eslint-disable-next-line no-restricted-syntax
      return globalThis.process?.env?.[name];
    },
  });
}

/**
 * Gives the entry `name` of the asking request's context: text or a `Secret`. It is read anew for every request
 * and never kept. A connection that users share has no user's context, so there it gives nothing.
 */
export function fromContext(name: string): ValueSource {
  checkName(name, "fromContext()");
  return Object.freeze({
    describe: (scope: Scope) => `${quote(name)} in the context of the asking user${contextNote(scope)}`,
    read({ context }) {
      // An own entry only: a name such as "constructor" must not find what every object inherits.
      return Object.hasOwn(context, name) ? (context[name] as string) : undefined;
    },
  } satisfies ValueSource);
}

function contextNote(scope: Scope): string {
  switch (scope.share) {
    case "user":
      return "";
    case "discovery":
      return " (discovery happens before there is a user: it has no context and needs a source of its own)";
    case "workspace":
    case "everyone":
      return ` (a connection with share: "${scope.share}" serves many users and has none of their contexts: use another source, or share: "user")`;
  }
}
