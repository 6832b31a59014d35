import { definitionInvalid } from "./definition-invalid.ts";
import { quote } from "./error.ts";

/** Texts by the names of the placeholders that stand for them. */
export type Variables = Readonly<Record<string, string>>;

/**
 * Puts texts in the places of `${NAME}`, `${env:NAME}` and `${NAME:-default}` in every text of some plain data; what is put
 * there is not read again. Throws `DEFINITION_INVALID`, naming the path, for a name that is not among the variables and for
 * placeholders of any other form.
 */
export function expandPlaceholders(value: unknown, variables: Variables, path: string): unknown {
  if (typeof value === "string") return expand(value, variables, path);
  if (Array.isArray(value))
    return value.map((item, index) => expandPlaceholders(item, variables, `${path}.${index}`));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(
    ([key, member]) => [key, expandPlaceholders(member, variables, `${path}.${key}`)] as const,
  );
  // `fromEntries` defines what it is given, so that a key "__proto__" is a key like any other.
  return Object.fromEntries(members);
}

function expand(text: string, variables: Variables, path: string): string {
  return text.replace(/\$\{([^{}]*)\}?/gu, (placeholder, inside: string) => {
    const { name, fallback } =
      /^(?:env:)?(?<name>[A-Za-z_]\w*)(?::-(?<fallback>.*))?$/su.exec(inside)?.groups ?? {};
    if (name === undefined || !placeholder.endsWith("}"))
      throw definitionInvalid(
        path,
        `the placeholder ${quote(placeholder, 40)} has none of the forms that there are`,
      );
    const own = Object.hasOwn(variables, name) ? variables[name] : undefined;
    const found = own ?? fallback;
    if (typeof found === "string") return found;
    throw definitionInvalid(
      path,
      `the placeholder ${quote(name)} stands for nothing; give its text in \`env\``,
    );
  });
}
