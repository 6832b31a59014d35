import {
  TenantryError,
  type CloseReason,
  type Connector,
  type Credential,
  type CredentialProvider,
  type CredentialRequest,
  type Endpoint,
  type ErrorDetails,
  type Poolable,
  type Scope,
  type Target,
  type Upstream,
  type UserId,
  type WorkspaceId,
  type ServerId,
  type SessionId,
} from "@tenantry/core";

/** A session at rest, as a {@link FakeConnection} leaves it. */
export interface FakeSession {
  /** What the connection was opened with that began it. */
  readonly began: Opening;
}

/** A connection that is nothing but a record of what was done with it. */
export class FakeConnection implements Poolable<FakeSession> {
  readonly closed: Promise<CloseReason>;
  readonly opening: Opening;
  readonly generations: (string | undefined)[];
  adopts = true;
  /** Whether it can be reduced to its session. */
  parks = false;
  parked = false;
  /** Whether the other side went away. */
  lost = false;
  closes = 0;
  ended = false;
  /** What `close()` waits for. */
  closing: Promise<void> = Promise.resolve();
  #end: (reason: CloseReason) => void = () => {};

  constructor(opening: Opening) {
    this.opening = opening;
    this.generations = [opening.credential?.generation];
    this.closed = new Promise((resolve) => (this.#end = resolve));
  }

  adopt(next: Credential): boolean {
    if (this.adopts) this.generations.push(next.generation);
    return this.adopts;
  }

  park(): FakeSession | undefined {
    if (!this.parks || this.ended) return undefined;
    this.parked = true;
    this.ended = true;
    this.#end({ kind: "closed" });
    return { began: this.session };
  }

  /** The opening that began its session. */
  get session(): Opening {
    return this.opening.resume?.began ?? this.opening;
  }

  async close(): Promise<void> {
    this.closes++;
    this.ended = true;
    await this.closing;
    this.#end({ kind: "closed" });
  }

  lose(): void {
    this.lost = true;
    this.ended = true;
    this.#end({ kind: "lost" });
  }
}

/** One call of the connector, which the test answers. */
export interface Opening {
  readonly scope: Scope;
  readonly server: string;
  readonly credential: Credential | undefined;
  /** The session that goes on in it. */
  readonly resume: FakeSession | undefined;
  readonly signal: AbortSignal;
  /** Whether it has been answered. */
  settled: boolean;
  arrive(): FakeConnection;
  fail(error: unknown): void;
}

export interface FakeConnectorOptions {
  /** Opens connections that can be reduced to their session. */
  readonly parks?: boolean;
  /** Opens at once, without the test's answer. */
  readonly automatic?: boolean;
  /** Ends an opening when it is aborted, as a connector should; off for one that takes no notice. */
  readonly heedsAbort?: boolean;
}

/** A connector and its upstream, with everything that was ever asked of them. */
export function fakeConnector({
  automatic = true,
  heedsAbort = true,
  parks = false,
}: FakeConnectorOptions = {}) {
  const openings: Opening[] = [];
  const connections: FakeConnection[] = [];
  const endpoints = { borrowed: 0, returned: 0 };

  const connector: Connector<FakeConnection, FakeSession> = {
    open(endpoint, credential, { resume, signal }) {
      const { scope, server } = endpoint as unknown as { scope: Scope; server: string };
      return new Promise((resolve, reject) => {
        const opening: Opening = {
          scope,
          server,
          credential,
          resume,
          signal: signal as AbortSignal,
          settled: false,
          arrive() {
            opening.settled = true;
            const connection = new FakeConnection(opening);
            connection.parks = parks;
            connections.push(connection);
            resolve(connection);
            return connection;
          },
          fail(error) {
            opening.settled = true;
            // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an abort's reason may be anything
            reject(error);
          },
        };
        openings.push(opening);
        if (heedsAbort)
          signal?.addEventListener("abort", () => opening.settled || opening.fail(signal.reason));
        if (automatic) opening.arrive();
      });
    },
  };

  const upstreamOf = (server: string): Upstream => ({
    async endpoint(scope) {
      endpoints.borrowed++;
      let returned = false;
      return {
        // The pool passes an endpoint on unread, so it can carry what the test wants to know.
        endpoint: { scope, server } as unknown as Endpoint,
        async [Symbol.asyncDispose]() {
          if (returned) throw new Error("An endpoint was given back twice.");
          returned = true;
          endpoints.returned++;
        },
      };
    },
  });

  return { connector, openings, connections, endpoints, upstreamOf };
}

export function userScope(user: string, workspace = "acme", session?: string): Scope {
  const scope = { share: "user", workspace: workspace as WorkspaceId, user: user as UserId } as const;
  return session === undefined ? scope : { ...scope, session: session as SessionId };
}

export function targetOf(
  upstream: Upstream,
  scope: Scope,
  server = "files",
  credentials?: CredentialProvider,
): Target {
  return {
    scope,
    server: { id: server as ServerId, digest: "d1" },
    upstream,
    ...(credentials && { credentials }),
  };
}

export function credentialOf(subject: string, generation: string): Credential {
  return { subject, generation, origins: [] };
}

/** A provider that gives what the test put into it, and remembers what it was asked. */
export function fakeProvider(first: Credential | undefined) {
  const requests: CredentialRequest[] = [];
  const provider = {
    current: first,
    requests,
    /** What a refused generation is answered with. */
    renew: undefined as ((request: CredentialRequest) => Credential | undefined) | undefined,
    async resolve(request: CredentialRequest) {
      requests.push(request);
      if (request.rejected && provider.renew) provider.current = provider.renew(request);
      return provider.current;
    },
  };
  return provider;
}

/** A failure that names its server already, so that it reaches the caller as the same object. */
export function failure(details: ErrorDetails): TenantryError {
  return new TenantryError("SESSION_LOST", "The test wants it so.", {
    server: "files" as ServerId,
    ...details,
  });
}

/** Lets every promise that can settle do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A promise that the test settles. */
export function gate() {
  return Promise.withResolvers<void>();
}
