const maxPattern = 1_000;

/** Whether a regular expression compiles by ECMA-262, which JSON Schema asks for; compiling runs nothing. */
export function compiles(pattern: string): boolean {
  return ["u", ""].some((flags) => {
    try {
      return new RegExp(pattern, flags) instanceof RegExp;
    } catch {
      return false;
    }
  });
}

/**
 * Whether a regular expression has only what every engine of automata has: literals, classes, groups, alternatives and
 * repetition up to `maxRepeat` times. It is read once, from left to right, and never run.
 */
export function isPlainPattern(pattern: string, maxRepeat = Infinity): boolean {
  if (pattern.length > maxPattern || !compiles(pattern)) return false;
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === "\\") {
      // No word boundaries, back-references, named groups or Unicode properties.
      if (!/[dDwWsSnrtfv0^$\\.*+?()[\]{}|/-]/u.test(pattern[++at] ?? "")) return false;
    } else if (character === "(" && pattern[at + 1] === "?") {
      if (pattern[at + 2] !== ":") return false;
    } else if (character === "{") {
      const counts = /^\{(\d+)(?:,(\d*))?\}/u.exec(pattern.slice(at, at + 24));
      if (counts === null) return false;
      if (Number(counts[1]) > maxRepeat || Number(counts[2] ?? 0) > maxRepeat) return false;
      at += counts[0].length - 1;
    } else if (character === "[") {
      const end = endOfClass(pattern, at);
      if (end === undefined) return false;
      at = end;
    }
  }
  return true;
}

/** The place of the bracket that closes a class; `undefined` where an escape in it is not plain. */
function endOfClass(pattern: string, start: number): number | undefined {
  for (let at = start + 1; at < pattern.length; at++) {
    if (pattern[at] === "]") return at;
    if (pattern[at] === "\\" && !/[dDwWsSnrtfv^$\\.*+?()[\]{}|/-]/u.test(pattern[++at] ?? ""))
      return undefined;
  }
  return undefined;
}
