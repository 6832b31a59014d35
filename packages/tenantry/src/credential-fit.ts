import { quote, TenantryError, type CredentialSource, type DirectServer } from "@tenantry/core";
import type { Shape } from "@tenantry/credentials";
import type { TokenSource } from "@tenantry/credentials/oauth";

/**
 * Checks that a definition's credentials can reach the kind of server that it leads to, and set nothing twice. Throws
 * `DEFINITION_INVALID`, naming the path. A source that does not tell what it sets passes; its first use tells.
 */
export function checkCredentials(definition: DirectServer, path: string): void {
  const { credential, discovery, share = "user" } = definition;
  if (isList(credential) && credential.length === 0)
    throw invalid(`${path}.credential`, "is empty; leave it out for none");
  const sets = listOf(credential).map((source, index) => {
    const at = isList(credential) ? `${path}.credential.${index}` : `${path}.credential`;
    if (share !== "user" && servesUsers(source)) {
      const way = 'use clientCredentials(), or share: "user"';
      throw invalid(
        at,
        `gives users what is their own, and with share: "${share}" they would share it; ${way}`,
      );
    }
    return checkFit(source, definition, at);
  });
  const twice = sets.findIndex((name, index) => name !== undefined && sets.indexOf(name) !== index);
  if (twice !== -1)
    throw invalid(
      `${path}.credential.${twice}`,
      `sets the ${sets[twice]} again; keep one, or give its value from a chain()`,
    );
  if (discovery === undefined || discovery === "anonymous") return;
  if (servesUsers(discovery)) {
    const way = 'use clientCredentials() or "anonymous"';
    throw invalid(
      `${path}.discovery`,
      `gives users what is their own, and discovery happens before there is one; ${way}`,
    );
  }
  checkFit(discovery, definition, `${path}.discovery`);
}

/** Gives what the source sets, as a message names it; `undefined` where it does not tell. */
function checkFit(source: CredentialSource, definition: DirectServer, path: string): string | undefined {
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

function servesUsers(source: CredentialSource): boolean {
  return (source as Partial<TokenSource>).serves === "users";
}

function listOf(credential: DirectServer["credential"]): readonly CredentialSource[] {
  if (credential === undefined) return [];
  return isList(credential) ? credential : [credential];
}

function isList(credential: DirectServer["credential"]): credential is readonly CredentialSource[] {
  return Array.isArray(credential);
}

function invalid(path: string, why: string): TenantryError {
  return new TenantryError("DEFINITION_INVALID", `${path}: it ${why}.`);
}
