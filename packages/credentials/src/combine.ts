import {
  quote,
  TenantryError,
  traced,
  type Credential,
  type CredentialDependencies,
  type CredentialEvent,
  type CredentialProvider,
  type CredentialRequest,
  type CredentialSource,
  type Origin,
  type Secret,
  type ServerId,
} from "@tenantry/core";
import { isOAuthProvider, type OAuthProvider } from "./oauth/oauth-provider.ts";
import type { Shape } from "./shape.ts";

/**
 * Sends several credentials together, as a definition's list of them says; where none of them gives one, neither
 * does the combination. Throws `CREDENTIAL_INVALID` where two set the same header or variable; a resolution does
 * so where their headers are bound to different origins.
 */
export function combine(sources: readonly CredentialSource[]): CredentialSource {
  const parts = sources.map(checkPart);
  checkDistinct(parts);
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  return Object.freeze({
    bind(dependencies: CredentialDependencies): CredentialProvider {
      const providers = parts.map((part) => part.bind(dependencies));
      return Object.freeze<CredentialProvider>({
        ...watchParts(providers),
        ...authorizationOf(providers),
        ...closeParts(providers),
        resolve: (request: CredentialRequest) =>
          traced(
            "tenantry:credentials:resolve",
            () => ({ scope: request.scope, server: request.server.id }),
            async () => join(await resolveAll(providers, request), dependencies, request.server.id),
          ),
      });
    },
  });
}

/** What the whole is called follows from all of its parts, so a part's end names no subject of the whole. */
function watchParts(providers: readonly CredentialProvider[]): Pick<CredentialProvider, "watch"> {
  const watchable = providers.filter(({ watch }) => watch !== undefined);
  if (watchable.length === 0) return {};
  return {
    watch(listener) {
      const tell = ({ subject: _part, ...event }: CredentialEvent) => listener(Object.freeze(event));
      const watches = watchable.map((provider) => provider.watch?.(tell));
      return { [Symbol.dispose]: () => watches.forEach((watch) => watch?.[Symbol.dispose]()) };
    },
  };
}

/** What people grant is granted through the part that it belongs to; {@link checkDistinct} sees to it that there is one. */
function authorizationOf(providers: readonly CredentialProvider[]): Partial<OAuthProvider> {
  const part = providers.find(isOAuthProvider);
  if (part === undefined) return {};
  return {
    finishAuthorization: (callback) => part.finishAuthorization(callback),
    withdraw: (person) => part.withdraw(person),
    disconnect: (person) => part.disconnect(person),
    status: (person) => part.status(person),
  };
}

function closeParts(providers: readonly CredentialProvider[]): Pick<CredentialProvider, "close"> {
  if (providers.every(({ close }) => close === undefined)) return {};
  return {
    async close() {
      await Promise.all(providers.map(async (provider) => provider.close?.()));
    },
  };
}

type Resolved = readonly (Credential | undefined)[];

function checkPart(part: CredentialSource): CredentialSource {
  if (typeof part === "object" && part !== null && typeof part.bind === "function") return part;
  const why = 'A list of credentials holds only credentials, such as bearer(fromContext("token")).';
  throw new TenantryError("CREDENTIAL_INVALID", why);
}

/** What the shapes set is known beforehand, so that a clash is found where the definition is written. */
function checkDistinct(parts: readonly CredentialSource[]): void {
  const shapes = parts.filter((part): part is Shape => "sets" in part && "slot" in part);
  const names = shapes.map(({ sets }) => `${sets.kind} ${quote(sets.name)}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  const why = `Two credentials of one list set the ${twice}; keep one, or give its value from a chain().`;
  throw new TenantryError("CREDENTIAL_INVALID", why);
}

/** Asks all at once; the first failure ends the others. */
async function resolveAll(
  providers: readonly CredentialProvider[],
  request: CredentialRequest,
): Promise<Resolved> {
  const stop = new AbortController();
  const signal = request.signal === undefined ? stop.signal : AbortSignal.any([request.signal, stop.signal]);
  const { rejected, ...facts } = request;
  const whole = rejected?.generation;
  const generations = whole === undefined ? [] : generationsOf(whole);
  try {
    return await Promise.all(
      providers.map(async (provider, index) => {
        // What another whole was refused for says nothing of these parts.
        if (rejected === undefined || (whole !== undefined && generations.length !== providers.length))
          return provider.resolve({ ...facts, signal });
        const { generation: _whole, ...why } = rejected;
        const generation = generations[index];
        // A part that gave nothing hears of the refusal too: what the server wants may be its to give.
        return provider.resolve({
          ...facts,
          signal,
          rejected: generation === undefined ? why : { ...why, generation },
        });
      }),
    );
  } catch (failure) {
    stop.abort(failure);
    throw failure;
  }
}

function join(
  resolved: Resolved,
  { fingerprint }: CredentialDependencies,
  server: ServerId,
): Credential | undefined {
  const parts = resolved.filter((part) => part !== undefined);
  if (parts.length === 0) return undefined;
  const ends = parts.map(({ expiresAt }) => expiresAt).filter((end) => end !== undefined);
  const withHeaders = parts.filter(({ headers }) => headers !== undefined);
  const withEnv = parts.filter((part) => part.env !== undefined);
  return Object.freeze({
    // An absent part keeps its place, so that the others' subjects cannot move into it.
    subject: fingerprint(JSON.stringify(["combine", ...resolved.map((part) => part?.subject ?? null)])),
    // Readable again, because a refusal of the whole must tell each part which generation of it was refused.
    generation: JSON.stringify(resolved.map((part) => part?.generation ?? null)),
    origins: commonOrigins(withHeaders, server),
    ...(ends.length > 0 && { expiresAt: Math.min(...ends) }),
    ...(withHeaders.length > 0 && { headers: joinHeaders(withHeaders, server) }),
    ...(withEnv.length > 0 && {
      env: mergeDistinct<Secret>(
        withEnv.map((part) => part.env ?? {}),
        "variable",
        server,
      ),
    }),
  });
}

/** The generations of the parts, from {@link join}'s own spelling of them. */
function generationsOf(generation: string): readonly (string | undefined)[] {
  try {
    const parts: unknown = JSON.parse(generation);
    return Array.isArray(parts) ? parts.map((part) => (typeof part === "string" ? part : undefined)) : [];
  } catch {
    return [];
  }
}

function joinHeaders(parts: readonly Credential[], server: ServerId): NonNullable<Credential["headers"]> {
  return async (request) => {
    const records = await Promise.all(parts.map(async (part) => (await part.headers?.(request)) ?? {}));
    return mergeDistinct(records, "header", server);
  };
}

/** One list of origins governs all headers, so each must allow the same ones or it would reach another's. */
function commonOrigins(parts: readonly Credential[], server: ServerId): readonly Origin[] {
  const spellings = new Set(parts.map(({ origins }) => JSON.stringify([...new Set(origins)].sort())));
  if (spellings.size <= 1) return Object.freeze([...(parts[0]?.origins ?? [])]);
  const why = "are bound to different origins and cannot be sent together; give them the same origins";
  throw new TenantryError("CREDENTIAL_INVALID", `The credentials of the server ${quote(server)} ${why}.`, {
    server,
  });
}

function mergeDistinct<T>(
  records: readonly Readonly<Record<string, T>>[],
  what: string,
  server: ServerId,
): Readonly<Record<string, T>> {
  const merged = new Map<string, T>();
  for (const [name, value] of records.flatMap((record) => Object.entries(record))) {
    if (merged.has(name)) {
      const why = `Two credentials of the server ${quote(server)} set the ${what} ${quote(name)}; keep one.`;
      throw new TenantryError("CREDENTIAL_INVALID", why, { server });
    }
    merged.set(name, value);
  }
  return Object.freeze(Object.fromEntries(merged));
}
