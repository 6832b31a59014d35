import type { AbortableOptions } from "./abort.ts";
import type { Clock } from "./clock.ts";
import type { Challenge } from "./error.ts";
import type { Origin, ServerId } from "./id.ts";
import type { Scope } from "./scope.ts";
import type { Sealer } from "./sealer.ts";
import type { Secret } from "./secret.ts";
import type { Store } from "./store.ts";
import type { Fetch } from "./upstream.ts";

/** What the host's own request knows, by name; it is read while a credential is resolved and never kept. */
export type Context = Readonly<Record<string, unknown>>;

/** What a credential may know of the server that it is for. */
export interface ServerRef {
  readonly id: ServerId;
  /** Names the definition's content: two definitions with one digest reach the same server in the same way. */
  readonly digest: string;
  /** The origin of the server's own URL; a hosted server has none. */
  readonly origin?: Origin;
  /** That URL itself, which may hold a key in its query; a hosted server has none. */
  readonly url?: string;
}

/** What one server accepts from one scope. It is never shared, stored or shown by whoever carries it. */
export interface Credential {
  /** Whose authority it carries, stable across refreshes, without telling the secret; a new subject is a new connection. */
  readonly subject: string;
  /** Which refresh of that authority it is; a new generation updates the live connection. */
  readonly generation: string;
  /** Where its headers may go; no other origin ever receives them. */
  readonly origins: readonly Origin[];
  /** When it ends, in milliseconds since the Unix epoch. */
  readonly expiresAt?: number;
  /** The headers for one request, names in lower case. */
  headers?(request: {
    readonly method: string;
    readonly url: URL;
  }): CredentialHeaders | Promise<CredentialHeaders>;
  /** The environment variables for a hosted server. */
  readonly env?: Readonly<Record<string, Secret>>;
}

/** Header values by lower-case name, each with whether it replaces a header of that name in the definition. */
export type CredentialHeaders = Readonly<
  Record<string, { readonly value: Secret; readonly replaces: boolean }>
>;

/** What a provider is asked. */
export interface CredentialRequest extends AbortableOptions {
  readonly scope: Scope;
  readonly server: ServerRef;
  /** The asking request's context; empty for a scope without a user. */
  readonly context: Context;
  /** The generation that the server has just refused, and why; without one, a request that carried none was refused. */
  readonly rejected?: { readonly generation?: string; readonly challenge?: Challenge };
}

/** Resolves credentials. `undefined` means that none is needed; a needed one that is absent is `CREDENTIAL_MISSING`. */
export interface CredentialProvider {
  /** Gives the credential itself where it is at hand, because every call asks, and a promise of it otherwise. */
  resolve(request: CredentialRequest): Credential | undefined | Promise<Credential | undefined>;
  /**
   * Tells of credentials that end outside of a call, until it is disposed of; absent where none can. A promise that the
   * listener returns settles when nothing carries the credential any more.
   */
  watch?(listener: (event: CredentialEvent) => unknown): Disposable;
  /** Waits for what must not be lost, such as the answer to a refresh; absent where nothing is. Nothing is resolved after it. */
  close?(): Promise<void>;
}

/**
 * A credential is gone. `revoked`: whatever carries it for that scope and server has to end. `replaced`: the same person has
 * granted another one, so that whatever carries it is given to nobody new and ends with its last call. A user's scope
 * without a session means every session.
 */
export interface CredentialEvent {
  readonly kind: "revoked" | "replaced";
  readonly scope: Scope;
  readonly server: ServerId;
  /** Whose authority it carried; absent: whatever that scope has at that server ends. */
  readonly subject?: string;
}

/** What a source may use; whoever composes the packages gives it. */
export interface CredentialDependencies {
  readonly fetch: Fetch;
  /**
   * Throws `ADDRESS_REFUSED` for a URL that somebody else wrote and that a person is not to be sent to, such as one at a
   * private address. Absent: it is not checked where it leads.
   */
  readonly checkUrl?: (url: URL) => void;
  readonly clock: Clock;
  /** A stable digest of a secret under a key that only this instance knows; it names a subject without telling it. */
  readonly fingerprint: (text: string) => string;
  /** Where an authorization server sends the person back to. */
  readonly callbackUrl?: URL;
  /** Where credentials that outlive the process are kept. */
  readonly store?: CredentialStore;
  /** What they are sealed with there. */
  readonly sealer?: Sealer;
}

/** What credentials take of a store. */
export type CredentialStore = Pick<Store, "credentials" | "clients" | "flows" | "leases" | "watch">;

/** What a definition's `credential` is: a recipe that becomes a provider once its dependencies are given. */
export interface CredentialSource {
  bind(dependencies: CredentialDependencies): CredentialProvider;
}
