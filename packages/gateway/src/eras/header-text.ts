/** What a header says; what is not plain ASCII comes as `=?base64?…?=`. Gives `null` for what only looks like that. */
export function decoded(header: string | null): string | null {
  const encoded = header === null ? null : /^=\?base64\?(.*)\?=$/u.exec(header.trim());
  if (encoded === null) return header;
  const [, text = ""] = encoded;
  if (text.length % 4 !== 0 || !/^[\d+/A-Za-z]*={0,2}$/u.test(text)) return null;
  return new TextDecoder().decode(Uint8Array.from(atob(text), (one) => one.charCodeAt(0)));
}
