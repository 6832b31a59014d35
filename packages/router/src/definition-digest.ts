import { randomUUID } from "node:crypto";
import {
  checkHeaders,
  TenantryError,
  upstreamsOf,
  type DirectServer,
  type InProcessServer,
  type ServerDefinition,
} from "@tenantry/core";
import { canonicalDigest } from "./canonical.ts";

/** Names a function, the same function always by the same name. */
export type ConnectIdentity = (connect: InProcessServer["connect"]) => string;

/**
 * Creates an identity for the functions of in-process servers. Whoever composes the packages owns one; a name that it
 * gives is not given by any other and ends with the process.
 */
export function createConnectIdentity(): ConnectIdentity {
  const names = new WeakMap<InProcessServer["connect"], string>();
  return (connect) => {
    const name = names.get(connect) ?? randomUUID();
    names.set(connect, name);
    return name;
  };
}

/**
 * The hexadecimal SHA-256 of everything that decides how a server is reached, as canonical JSON (RFC 8785): two
 * definitions with one digest are interchangeable. No value can be read from it. Credentials and timeouts do not count.
 *
 * An in-process server has no content to compare, so it needs `identify`. Throws `DEFINITION_INVALID` for malformed
 * headers or Unicode and `CONFIG_INVALID` where `identify` is missing.
 */
export function digestDefinition(definition: ServerDefinition, identify?: ConnectIdentity): string {
  const { share = "user", era = null, provenance = "code" } = definition;
  // Provenance counts: a connection to an address that only the host's own code may name must not serve anybody else.
  return digest({ share, era, provenance, ...reach(definition, identify) });
}

/**
 * The hexadecimal SHA-256 of what is reached: the URL, the command with its arguments, or each upstream's. Unlike
 * {@link digestDefinition} it stays as it is with another header, variable or folder, and from one process to the next.
 */
export function digestLaunch(definition: ServerDefinition): string {
  return digest(launchOf(definition));
}

function launchOf(definition: ServerDefinition): object {
  if (definition.upstreams !== undefined) {
    const all = [...upstreamsOf(definition)].map(([name, upstream]) => [name, launchOf(upstream)] as const);
    return { upstreams: Object.fromEntries(all) };
  }
  if (definition.url !== undefined) return { url: new URL(definition.url).href };
  if (definition.command === undefined) return { inProcess: true };
  const { command, args = [] } = definition;
  return { command, args };
}

function reach(definition: ServerDefinition, identify: ConnectIdentity | undefined): object {
  if (definition.upstreams === undefined) return reachDirectly(definition, identify);
  // Which of them calls take is no part of it: that changes at run time, and they are interchangeable.
  const digests = [...upstreamsOf(definition)].map(
    ([name, upstream]) => [name, digestDefinition(upstream, identify)] as const,
  );
  return { kind: "switched", upstreams: Object.fromEntries(digests) };
}

function reachDirectly(definition: DirectServer, identify: ConnectIdentity | undefined): object {
  if (definition.url !== undefined) {
    const { url, headers = {} } = definition;
    return { kind: "remote", url: new URL(url).href, headers: checkHeaders(headers) };
  }
  if (definition.command !== undefined) {
    const { command, args = [], env = {}, cwd = null } = definition;
    return { kind: "hosted", command, args, env, cwd };
  }
  if (identify === undefined) {
    const hint = "pass what createConnectIdentity() gives";
    throw new TenantryError(
      "CONFIG_INVALID",
      `The digest of an in-process server needs an identity; ${hint}.`,
    );
  }
  return { kind: "in-process", connect: identify(definition.connect) };
}

function digest(content: object): string {
  try {
    return canonicalDigest(content);
  } catch (cause) {
    throw new TenantryError(
      "DEFINITION_INVALID",
      "The definition is not well-formed Unicode; repair its texts.",
      { cause },
    );
  }
}
