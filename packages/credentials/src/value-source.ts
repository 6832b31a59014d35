import {
  Secret,
  TenantryError,
  type Clock,
  type CredentialDependencies,
  type CredentialRequest,
  type Scope,
  type ServerId,
} from "@tenantry/core";

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
  /**
   * Gives the source with what it reads from, for one credential of the name `slot`; throws `CONFIG_INVALID` where that is
   * not there. Absent: the source reads from nothing that has to be given.
   */
  bind?(dependencies: CredentialDependencies, slot: string): BoundSource;
}

/** A source that has what it reads from. */
export interface BoundSource extends Omit<ValueSource, "bind"> {
  /** Tells of values that have been withdrawn, until it is disposed of; absent where none can be. */
  watch?(listener: (event: ValueEvent) => void): Disposable;
}

/** The value of this scope for this server has been withdrawn. */
export interface ValueEvent {
  readonly scope: Scope;
  readonly server: ServerId;
}

/** Gives a source what it reads from. */
export function bindSource(
  source: ValueSource,
  dependencies: CredentialDependencies,
  slot: string,
): BoundSource {
  return source.bind?.(dependencies, slot) ?? source;
}

/** What watches all of the sources that can be watched, for a source made of them. */
export function watchAll(sources: readonly BoundSource[]): Pick<BoundSource, "watch"> {
  const watchable = sources.filter(({ watch }) => watch !== undefined);
  if (watchable.length === 0) return {};
  return {
    watch(listener) {
      const watches = watchable.map((source) => source.watch?.(listener));
      return { [Symbol.dispose]: () => watches.forEach((watch) => watch?.[Symbol.dispose]()) };
    },
  };
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

/** Throws `CREDENTIAL_INVALID` for a time that no timer keeps. */
export function checkTtl(ttlMs: number, where: string): void {
  if (Number.isInteger(ttlMs) && ttlMs >= 1 && ttlMs <= 86_400_000) return;
  const why = `The ttlMs of ${where} must be a whole number of milliseconds, from 1 to 86,400,000.`;
  throw new TenantryError("CREDENTIAL_INVALID", why);
}
