/** One scope (RFC 6749, section 3.3). */
const token = /^[\u0021\u0023-\u005b\u005d-\u007e]{1,256}$/u;
/** More than that no server needs, and a server chooses the number; all of them have to fit into a URL. */
const maxScopes = 128;
const maxCharacters = 4_096;

/** The scope with which a client asks for a refresh token (OpenID Connect Core, section 11). */
export const offlineAccess = "offline_access";

/** Whether text is one scope. */
export function isScope(text: unknown): text is string {
  return typeof text === "string" && token.test(text);
}

/** The scopes in a `scope` parameter, each once; what is none is left out. */
export function parseScopes(text: string | undefined): readonly string[] {
  return text === undefined ? [] : scopesOf(text.slice(0, 16_384).split(" "));
}

/** The scopes in a list that somebody else wrote, each once. */
export function scopesOf(list: readonly unknown[]): readonly string[] {
  const scopes = [...new Set(list.slice(0, maxScopes * 4).filter(isScope))].slice(0, maxScopes);
  let characters = 0;
  return Object.freeze(scopes.filter((scope) => (characters += scope.length + 1) <= maxCharacters));
}

/** All scopes of both lists, each once. */
export function unionOf(some: readonly string[], more: readonly string[]): readonly string[] {
  return scopesOf([...some, ...more]);
}

/** Whether every one of `wanted` is in `had`. */
export function covers(had: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((scope) => had.includes(scope));
}
