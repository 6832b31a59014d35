import {
  isThenable,
  TenantryError,
  withDetails,
  type AbortableOptions,
  type Context,
  type Credential,
  type CredentialProvider,
  type CredentialRequest,
  type Target,
} from "@tenantry/core";

/**
 * Resolves what one principal's route to a server carries, and remembers whose authority that was: what a server lists
 * belongs to it. Only its name is kept.
 */
export class Authority implements CredentialProvider {
  readonly #provider: CredentialProvider;
  #subject: string | undefined;

  constructor(provider: CredentialProvider) {
    this.#provider = provider;
  }

  /** Whose authority was resolved last; `undefined` for none. */
  get subject(): string | undefined {
    return this.#subject;
  }

  resolve(request: CredentialRequest): ReturnType<CredentialProvider["resolve"]> {
    const answer = this.#provider.resolve(request);
    if (isThenable(answer)) return Promise.resolve(answer).then((credential) => this.#noted(credential));
    return this.#noted(answer);
  }

  #noted(credential: Credential | undefined): Credential | undefined {
    // Some say `null` for none.
    const { subject } = (credential ?? {}) as Partial<Credential>;
    this.#subject = typeof subject === "string" ? subject : undefined;
    return credential;
  }
}

/**
 * Learns whose authority a target's credential carries now, at once where the provider can. Throws or rejects as the
 * provider does, with an error that names the server.
 */
export function learnSubject(
  { credentials, scope, server }: Target,
  { context, signal }: AbortableOptions & { readonly context: Context },
): void | Promise<void> {
  if (!(credentials instanceof Authority)) return;
  const named = (failure: unknown) =>
    failure instanceof TenantryError && failure.server === undefined
      ? withDetails(failure, { server: server.id })
      : failure;
  try {
    const answer = credentials.resolve({ scope, server, context, signal });
    if (!isThenable(answer)) return;
    return Promise.resolve(answer).then(
      () => {},
      (failure: unknown) => {
        throw named(failure);
      },
    );
  } catch (failure) {
    throw named(failure);
  }
}

/** Whose authority a target's credential carried when it was resolved last. */
export function subjectOf({ credentials }: Target): string | undefined {
  return credentials instanceof Authority ? credentials.subject : undefined;
}
