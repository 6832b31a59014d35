import type { Challenge } from "@tenantry/core";

/** Longer ones are cut: nothing useful is that long, and a server chooses the length. */
const maxChars = 8_192;
const maxParameters = 32;

/**
 * Reads a `WWW-Authenticate` header (RFC 9110, section 11.6.1) and gives the challenge to answer: of several, the
 * first `Bearer` or `DPoP` one, else the first. `undefined` where there is none.
 */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (header === undefined) return undefined;
  const challenges = parseChallenges(header.slice(0, maxChars));
  return challenges.find(({ scheme }) => /^(?:bearer|dpop)$/iu.test(scheme)) ?? challenges[0];
}

const scheme = /[\s,]*([!#$%&'*+.^_`|~\w-]+)(?=\s|,|$)/uy;
const parameter = /[\s,]*([!#$%&'*+.^_`|~\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"=]+))(?=\s*(?:,|$))/uy;
const token68 = /\s+[\w.~+/-]+=*(?=\s*(?:,|$))/uy;

function parseChallenges(text: string): Challenge[] {
  const challenges: Challenge[] = [];
  const cursor = { at: 0 };
  for (;;) {
    const name = take(scheme, text, cursor)?.[1];
    if (name === undefined) return challenges;
    const parameters: [string, string][] = [];
    for (
      let found = take(parameter, text, cursor);
      found !== undefined;
      found = take(parameter, text, cursor)
    ) {
      const [, key = "", quoted, plain = ""] = found;
      const value = quoted === undefined ? plain : quoted.replace(/\\(.)/gu, "$1");
      if (parameters.length < maxParameters) parameters.push([key.toLowerCase(), value]);
    }
    if (parameters.length === 0) take(token68, text, cursor);
    // The first of two parameters of one name counts, so that an appended one cannot replace it.
    challenges.push(
      Object.freeze({ scheme: name, parameters: Object.freeze(Object.fromEntries(parameters.toReversed())) }),
    );
  }
}

/** Matches at the cursor and moves it; the expressions are sticky and their state is set here at every use. */
function take(expression: RegExp, text: string, cursor: { at: number }): RegExpExecArray | undefined {
  const sticky = new RegExp(expression);
  sticky.lastIndex = cursor.at;
  const match = sticky.exec(text) ?? undefined;
  if (match !== undefined) cursor.at = sticky.lastIndex;
  return match;
}
