import {
  isThenable,
  isTraced,
  quote,
  raceAbort,
  secret,
  TenantryError,
  traced,
  type Clock,
  type Context,
  type Credential,
  type CredentialDependencies,
  type CredentialHeaders,
  type CredentialProvider,
  type CredentialRequest,
  type CredentialSource,
  type Origin,
  type Secret,
  type ServerRef,
} from "@tenantry/core";
import {
  bindSource,
  checkName,
  checkSource,
  textOf,
  type BoundSource,
  type ValueSource,
} from "./value-source.ts";

/** A credential source that sets one header or one environment variable. */
export interface Shape extends CredentialSource {
  /** What errors call it. */
  readonly slot: string;
  /** What it sets; of a header, the name is in lower case. */
  readonly sets: { readonly kind: "header" | "variable"; readonly name: string };
}

/** How a shape turns a value into what the server is given. */
export interface Recipe {
  readonly shape: "bearer" | "basic" | "header" | "env";
  readonly sets: Shape["sets"];
  readonly slot: string;
  readonly required: boolean;
  /** Absent: the server's own origin. */
  readonly origins?: readonly Origin[];
  readonly replaces: boolean;
  readonly source: ValueSource;
  /** Checks the value and gives it as it is sent; throws `CREDENTIAL_INVALID` without showing it. */
  readonly format: (text: string) => string;
}

/** A recipe whose source has what it reads from. */
interface BoundRecipe extends Omit<Recipe, "source"> {
  readonly source: BoundSource;
}

/** Makes the source that resolves as the recipe says; throws `CREDENTIAL_INVALID` for a recipe that never could. */
export function createShape(recipe: Recipe): Shape {
  checkSource(recipe.source, `${recipe.shape}()`);
  const slot = checkName(recipe.slot, `The slot of ${recipe.shape}()`);
  return Object.freeze({
    slot,
    sets: Object.freeze(recipe.sets),
    bind(dependencies: CredentialDependencies) {
      const source = bindSource(recipe.source, dependencies, slot);
      const bound: BoundRecipe = { ...recipe, source };
      const memory: Memory = { last: new WeakMap(), origin: undefined, origins: undefined };
      return Object.freeze<CredentialProvider>({
        ...watchOf(source),
        resolve(request: CredentialRequest) {
          const work = () => resolve(bound, dependencies, memory, request);
          if (!isTraced("tenantry:credentials:resolve")) return work();
          const payload = () => ({ scope: request.scope, server: request.server.id });
          return traced("tenantry:credentials:resolve", payload, async () => work());
        },
      });
    },
  });
}

/** Whatever carries a value ends with it, of whichever subject: what was made of the value is not kept. */
function watchOf({ watch }: BoundSource): Pick<CredentialProvider, "watch"> {
  if (watch === undefined) return {};
  return { watch: (listener) => watch((event) => listener(Object.freeze({ kind: "revoked", ...event }))) };
}

/** What a bound shape remembers. */
interface Memory {
  /**
   * The credential that was last made from a user's context, with all that it was made from: digesting a value is dear,
   * and most have not changed since the last request. It is forgotten with the context, and never given for another value.
   */
  readonly last: WeakMap<
    Context,
    { readonly text: Secret; readonly origin: Origin | undefined; readonly credential: Credential }
  >;
  /** The list of the server's own origin, one for the credentials of all users. */
  origin: Origin | undefined;
  origins: readonly Origin[] | undefined;
}

/** Gives the credential at once where its text is at hand: every call asks for it. */
function resolve(
  recipe: BoundRecipe,
  dependencies: CredentialDependencies,
  memory: Memory,
  request: CredentialRequest,
): Credential | undefined | Promise<Credential | undefined> {
  const { last } = memory;
  const origins = originsFor(recipe, request.server, memory);
  const toCredential = (text: string | undefined) => {
    const { scope, server, context } = request;
    if (text === undefined) return withoutText(recipe, request);
    const before = scope.share === "user" ? last.get(context) : undefined;
    if (before?.origin === server.origin && before?.text.reveal() === text) return before.credential;
    const sent = formatText(recipe, server, text);
    const credential = made(recipe, dependencies.fingerprint, origins, sent, text);
    if (scope.share === "user") last.set(context, { text: secret(text), origin: server.origin, credential });
    return credential;
  };
  const text = readText(recipe, request, dependencies.clock);
  return text instanceof Promise ? text.then(toCredential) : toCredential(text);
}

function withoutText(recipe: BoundRecipe, { scope, server }: CredentialRequest): undefined {
  if (!recipe.required) return undefined;
  const why = `${subjectOf(recipe, server)} has no value; provide ${recipe.source.describe(scope)}.`;
  throw new TenantryError("CREDENTIAL_MISSING", why, { server: server.id, slot: recipe.slot });
}

function made(
  { shape, slot, replaces, sets }: BoundRecipe,
  fingerprint: CredentialDependencies["fingerprint"],
  origins: readonly Origin[],
  sent: string,
  text: string,
): Credential {
  const value = secret(sent);
  // JSON, because no two lists of strings have one spelling, whatever the strings hold.
  const subject = fingerprint(JSON.stringify([shape, sets.name, slot, replaces, origins, text]));
  if (sets.kind === "variable") {
    const env = Object.freeze({ [sets.name]: value });
    return Object.freeze({ subject, generation: subject, origins, env });
  }
  const headers = Object.freeze({ [sets.name]: Object.freeze({ value, replaces }) });
  return Object.freeze(new HeaderCredential(subject, origins, headers));
}

/** A credential of headers that never change; a class, because there is one for each of very many users. */
class HeaderCredential implements Credential {
  readonly subject: string;
  readonly generation: string;
  readonly origins: readonly Origin[];
  readonly #headers: CredentialHeaders;

  constructor(subject: string, origins: readonly Origin[], headers: CredentialHeaders) {
    this.subject = subject;
    this.generation = subject;
    this.origins = origins;
    this.#headers = headers;
  }

  headers(): CredentialHeaders {
    return this.#headers;
  }
}

/** Where the value may go; a header needs a server behind a URL, a variable needs one that is not. */
function originsFor(
  { shape, sets, slot, origins }: BoundRecipe,
  { id, origin }: ServerRef,
  memory: Memory,
): readonly Origin[] {
  const remote = origin !== undefined;
  if (remote === (sets.kind === "header")) {
    if (remote && origins !== undefined) return origins;
    if (memory.origins === undefined || memory.origin !== origin)
      Object.assign(memory, { origin, origins: Object.freeze(remote ? [origin] : []) });
    return memory.origins ?? [];
  }
  const why = remote
    ? `is reached by its URL and takes no environment variables; use bearer() or header() instead of ${shape}()`
    : `is not reached by a URL and takes no headers; use env() instead of ${shape}()`;
  throw new TenantryError("CREDENTIAL_INVALID", `The server ${quote(id)} ${why}.`, { server: id, slot });
}

function readText(
  recipe: BoundRecipe,
  request: CredentialRequest,
  clock: Clock,
): string | undefined | Promise<string | undefined> {
  const failed = (cause: unknown) => unreadable(recipe, request, cause);
  // A shared connection must not carry one user's authority to the others, whoever passes that user's context here.
  const asked = request.scope.share === "user" ? request : { ...request, context: nobodys };
  try {
    const given = recipe.source.read(asked, clock);
    if (!isThenable(given)) return textOf(given);
    return raceAbort(Promise.resolve(given), request.signal).then(textOf).catch(failed);
  } catch (cause) {
    return failed(cause);
  }
}

function unreadable(recipe: BoundRecipe, { signal, server }: CredentialRequest, cause: unknown): never {
  signal?.throwIfAborted();
  const why = `${subjectOf(recipe, server)} could not be read, because its source failed; see the cause.`;
  throw new TenantryError("CREDENTIAL_FAILED", why, {
    cause,
    server: server.id,
    slot: recipe.slot,
    ...(cause instanceof TenantryError && { retryable: cause.retryable }),
    ...(cause instanceof TenantryError &&
      cause.retryAfterMs !== undefined && { retryAfterMs: cause.retryAfterMs }),
  });
}

const nobodys: Context = Object.freeze({});

function formatText(recipe: BoundRecipe, server: ServerRef, text: string): string {
  try {
    return recipe.format(text);
  } catch (cause) {
    const why = cause instanceof TenantryError ? cause.message.replace(/^\[\w+\] /u, "") : "It is malformed.";
    throw new TenantryError("CREDENTIAL_INVALID", `${subjectOf(recipe, server)} cannot be sent. ${why}`, {
      cause,
      server: server.id,
      slot: recipe.slot,
    });
  }
}

function subjectOf({ slot }: BoundRecipe, { id }: ServerRef): string {
  return `The credential ${quote(slot)} of the server ${quote(id)}`;
}
