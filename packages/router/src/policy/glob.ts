/** A text with `*` for any run of characters, none included; everything else stands for itself, case included. */
export type Glob = string;

/**
 * Compiles a glob. Each part between its stars is looked for once, at the first place where it can be, so that no text
 * takes longer than its length times the glob's: names and URIs come from servers.
 */
export function compileGlob(glob: Glob): (text: string) => boolean {
  const [first = "", ...others] = glob.split("*");
  const last = others.pop();
  if (last === undefined) return (text) => text === glob;
  if (first === "" && last === "" && others.every((part) => part === "")) return () => true;
  return (text) => {
    const end = text.length - last.length;
    if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    for (const part of others) {
      const found = text.indexOf(part, at);
      if (found === -1) return false;
      at = found + part.length;
    }
    return at <= end;
  };
}

/** Compiles one glob or several, of which one has to match; `undefined` where nothing is asked for. */
export function compileGlobs(globs: Glob | readonly Glob[] | undefined) {
  if (globs === undefined) return undefined;
  const matchers = (typeof globs === "string" ? [globs] : globs).map(compileGlob);
  return (text: string) => matchers.some((matches) => matches(text));
}
