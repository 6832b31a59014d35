/**
 * Whether a URI has `.` or `..` between its separators, also where these are written as `%2e`, `%2f` or `%5c`, however often
 * encoded: a server may follow them to somewhere else than the text says (RFC 3986, section 5.2.4).
 */
export function hasDotSegments(uri: string): boolean {
  const text = uri.replace(
    /%(?:25)*(2e|2f|5c)/giu,
    (_all, code: string) => decoded[code.toLowerCase()] ?? "",
  );
  return text.split(separators).some((segment) => segment === "." || segment === "..");
}

const decoded: Readonly<Record<string, string>> = Object.freeze({ "2e": ".", "2f": "/", "5c": "\\" });
const separators = /[/\\:;?#&=]/u;
