import { quote, TenantryError, type CredentialSource, type ServerDefinition } from "@tenantry/core";
import type { Shape } from "@tenantry/credentials";

/**
 * Checks that a definition's credentials can reach the kind of server that it leads to, and set nothing twice. Throws
 * `DEFINITION_INVALID`, naming the path. A source that does not tell what it sets passes; its first use tells.
 */
export function checkCredentials(definition: ServerDefinition, path: string): void {
  const { credential, discovery } = definition;
  if (isList(credential)) {
    if (credential.length === 0) throw invalid(`${path}.credential`, "is empty; leave it out for none");
    const sets = credential.map((source, index) =>
      checkFit(source, definition, `${path}.credential.${index}`),
    );
    const twice = sets.findIndex((name, index) => name !== undefined && sets.indexOf(name) !== index);
    if (twice !== -1)
      throw invalid(
        `${path}.credential.${twice}`,
        `sets the ${sets[twice]} again; keep one, or give its value from a chain()`,
      );
  } else if (credential !== undefined) checkFit(credential, definition, `${path}.credential`);
  if (discovery !== undefined && discovery !== "anonymous")
    checkFit(discovery, definition, `${path}.discovery`);
}

/** Gives what the source sets, as a message names it; `undefined` where it does not tell. */
function checkFit(source: CredentialSource, definition: ServerDefinition, path: string): string | undefined {
  const sets = setsOf(source);
  if (sets === undefined) return undefined;
  const { kind, name } = sets;
  if (kind === "header" && definition.url === undefined)
    throw invalid(path, 'sets a header, which a server without a url cannot be sent; use env("NAME", …)');
  if (kind === "variable" && definition.url !== undefined)
    throw invalid(
      path,
      "sets a variable, which a server behind a url does not have; use bearer() or header()",
    );
  if (kind === "variable" && definition.command !== undefined && Object.hasOwn(definition.env ?? {}, name))
    throw invalid(path, `sets the variable ${quote(name)}, which env has already; keep one`);
  return `${kind} ${quote(name)}`;
}

function setsOf(source: CredentialSource): Shape["sets"] | undefined {
  const { sets } = source as Partial<Shape>;
  return typeof sets === "object" && sets !== null ? sets : undefined;
}

function isList(credential: ServerDefinition["credential"]): credential is readonly CredentialSource[] {
  return Array.isArray(credential);
}

function invalid(path: string, why: string): TenantryError {
  return new TenantryError("DEFINITION_INVALID", `${path}: it ${why}.`);
}
