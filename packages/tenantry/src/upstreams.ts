import { checkHeaders, quote, secret, TenantryError } from "@tenantry/core";
import type {
  Clock,
  DirectServer,
  Endpoint,
  HostedServer,
  OpenPipeOptions,
  Pipe,
  RemoteServer,
  Secret,
  Upstream,
} from "@tenantry/core";
import { spawnPipe, type PipeLimits, type ProcessTable } from "@tenantry/process";

/** What every hosted server is started with. */
export interface HostingOptions {
  readonly clock: Clock;
  readonly limits: PipeLimits;
  readonly processes: ProcessTable;
}

/** Where a definition leads. Nothing is opened or started before a connection asks for it. */
export function upstreamOf(definition: DirectServer, hosting: HostingOptions): Upstream {
  const endpoint = endpointOf(definition, hosting);
  const borrowed = Object.freeze({ endpoint, [Symbol.asyncDispose]: () => Promise.resolve() });
  return { endpoint: () => Promise.resolve(borrowed) };
}

function endpointOf(definition: DirectServer, hosting: HostingOptions): Endpoint {
  const era = definition.era === undefined ? {} : { era: definition.era };
  if (definition.url !== undefined) return { kind: "http", ...era, ...remote(definition) };
  if (definition.command !== undefined)
    return { kind: "pipe", ...era, open: (options) => start(definition, options, hosting) };
  return { kind: "pipe", ...era, open: definition.connect };
}

function remote({ url, headers = {}, provenance = "code" }: RemoteServer) {
  return { url: new URL(url), headers: checkHeaders(headers), provenance };
}

async function start(
  { command, args = [], env = {}, cwd }: HostedServer,
  options: OpenPipeOptions,
  hosting: HostingOptions,
): Promise<Pipe> {
  const twice = Object.keys(options.env).find((name) => Object.hasOwn(env, name));
  if (twice !== undefined) {
    const message = `The variable ${quote(twice)} is in the definition's env and in its credential; keep one.`;
    throw new TenantryError("CREDENTIAL_INVALID", message, { slot: twice });
  }
  const { signal } = options;
  return spawnPipe({
    ...hosting,
    command,
    args,
    signal,
    env: { ...hidden(env), ...options.env },
    ...(cwd !== undefined && { cwd }),
  });
}

/**
 * A key in a definition is as secret as one in a credential, so what the child says is shown without it. A value such as
 * `1` is none, and to take it out would leave nothing to read.
 */
function hidden(env: Readonly<Record<string, string>>): Readonly<Record<string, string | Secret>> {
  return Object.fromEntries(
    Object.entries(env).map(([name, text]) => [name, text.length < shortestSecret ? text : secret(text)]),
  );
}

const shortestSecret = 4;
