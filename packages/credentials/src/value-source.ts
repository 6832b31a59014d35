import { Secret, TenantryError, type Clock, type CredentialRequest, type Scope } from "@tenantry/core";

/** Where the text of one secret comes from. To write one of your own, use `fromFunction`. */
export interface ValueSource {
  /** Names the place that is looked at, for an error that ends in "provide …"; it never tells the value. */
  describe(scope: Scope): string;
  /**
   * Gives the value, at once where it is at hand; `undefined`, blank text and anything else than text mean that there
   * is none. A source bounds its work by `clock`.
   */
  read(
    request: CredentialRequest,
    clock: Clock,
  ): string | Secret | undefined | Promise<string | Secret | undefined>;
}

/** The text of a value, or `undefined` where there is none. */
export function textOf(value: unknown): string | undefined {
  const text = value instanceof Secret ? value.reveal() : value;
  return typeof text === "string" && text.trim() !== "" ? text : undefined;
}

/** Checks that `source` is one, for those who pass the secret itself; throws `CREDENTIAL_INVALID` without showing it. */
export function checkSource(source: ValueSource, where: string): ValueSource {
  if (typeof source === "object" && source !== null && typeof source.read === "function") return source;
  throw new TenantryError(
    "CREDENTIAL_INVALID",
    `${where} takes a source of its value, such as fromContext("token"), not the value itself.`,
  );
}

/** Checks a name that a host gives in its code; throws `CREDENTIAL_INVALID`. */
export function checkName(name: string, where: string): string {
  if (typeof name === "string" && name.trim() !== "") return name;
  throw new TenantryError("CREDENTIAL_INVALID", `${where} takes a name; give a non-empty string.`);
}
