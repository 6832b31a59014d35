/** The longest URI that a template is tried with, in characters. */
const maxUriLength = 8_192;

/** How much work the templates of one look-up may make together: a server writes them, and can write many. */
export class TemplateBudget {
  #left: number;

  constructor(steps = 4_000_000) {
    this.#left = steps;
  }

  /** Takes steps away; `false` where there are too few left. */
  spend(steps: number): boolean {
    this.#left -= steps;
    return this.#left >= 0;
  }
}

/** One character, or any number of characters of an expression. */
type Token = { readonly char: string } | { readonly any: (char: string) => boolean };

/**
 * Whether a URI can be of a template (RFC 6570): its literals are as written, and each expression stands for any number of
 * characters, for reserved ones only where its operator allows them. It takes at most one step for each character of the
 * URI and each part of the template, whatever the template is; with the budget at its end nothing matches.
 */
export function matchesTemplate(template: string, uri: string, budget: TemplateBudget): boolean {
  const literal = template.slice(0, template.indexOf("{") === -1 ? undefined : template.indexOf("{"));
  // Nearly all templates are told apart by how they begin.
  if (!uri.startsWith(literal) || uri.length > maxUriLength) return false;
  const tokens = tokensOf(template.slice(literal.length));
  const rest = uri.slice(literal.length);
  if (!budget.spend((rest.length + 1) * (tokens.length + 1))) return false;
  return runs(tokens, rest);
}

/** Goes through the text once, with every place in the template that it may have come to. */
function runs(tokens: readonly Token[], text: string): boolean {
  let places = spread(tokens, new Set([0]));
  for (const char of text) {
    const next = new Set<number>();
    for (const place of places) {
      const token = tokens[place];
      if (token === undefined) continue;
      if ("any" in token) {
        if (token.any(char)) next.add(place);
      } else if (token.char === char) next.add(place + 1);
    }
    places = spread(tokens, next);
    if (places.size === 0) return false;
  }
  return places.has(tokens.length);
}

/** An expression may stand for nothing. */
function spread(tokens: readonly Token[], places: Set<number>): Set<number> {
  // What is added is iterated too.
  for (const place of places) {
    const token = tokens[place];
    if (token !== undefined && "any" in token) places.add(place + 1);
  }
  return places;
}

function tokensOf(template: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const [part] of template.matchAll(/\{[^{}]*\}|[^{}]+|[{}]/gu)) {
    if (part.startsWith("{") && part.endsWith("}") && part.length > 1) tokens.push({ any: allowedBy(part) });
    else for (const char of part) tokens.push({ char });
  }
  return tokens;
}

/** Reserved characters are in an expression only where its operator puts them there (RFC 6570, section 3.2). */
function allowedBy(expression: string): (char: string) => boolean {
  const isOpen = /^\{[+#]/u.test(expression) || /^\{[/.;?&]/u.test(expression) || expression.includes("*");
  return isOpen ? () => true : (char) => !"/?#".includes(char);
}
