import { TenantryError } from "@tenantry/core";

/** What the host may replace, each with what it must be. */
const expected = Object.freeze({
  fetch: "a function such as the global fetch",
  clientInfo: "{ name, version }, both non-empty text",
  clock: "an object with the functions now and after",
  store: 'what sqliteStore() or another of "@tenantry/store" gives',
  sealer: "what sealWithKeys() or sealWithKeyService() gives",
  admitCommand: "a function that gives true for what may be run",
});

/** Checks what the host gives in place of our own; throws `CONFIG_INVALID` and names it. */
export function checkHostParts(given: Readonly<Record<keyof typeof expected, unknown>>): void {
  const { fetch, clientInfo, clock, store, sealer, admitCommand } = given;
  if (fetch !== undefined && typeof fetch !== "function") throw invalid("fetch");
  if (admitCommand !== undefined && typeof admitCommand !== "function") throw invalid("admitCommand");
  if (clientInfo !== undefined && !["name", "version"].every((key) => isText(memberOf(clientInfo, key))))
    throw invalid("clientInfo");
  if (clock !== undefined && !canAll(clock, "now", "after")) throw invalid("clock");
  if (store !== undefined && !canAll(store, "watch", "erase", "close")) throw invalid("store");
  if (sealer !== undefined && !canAll(sealer, "seal", "open")) throw invalid("sealer");
}

function canAll(value: unknown, ...verbs: readonly string[]): boolean {
  return verbs.every((verb) => typeof memberOf(value, verb) === "function");
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function invalid(name: keyof typeof expected): TenantryError {
  return new TenantryError(
    "CONFIG_INVALID",
    `${name}: expected ${expected[name]}; leave it out for the default.`,
  );
}
