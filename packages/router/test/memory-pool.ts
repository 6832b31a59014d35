import {
  scopeParts,
  TenantryError,
  type AcquireOptions,
  type CloseReason,
  type Connection,
  type ConnectionPool,
  type Era,
  type Lease,
  type Method,
  type Params,
  type RequestOptions,
  type Result,
  type RunOptions,
  type Scope,
  type ServerCapabilities,
  type Target,
} from "@tenantry/core";

/** One request as a server in memory gets it. */
export interface Received {
  readonly scope: Scope;
  readonly subject: string | undefined;
  readonly method: Method;
  readonly params: Record<string, unknown>;
  readonly options: RequestOptions;
}

/** A server in memory. */
export interface MemoryServer {
  readonly era?: Era;
  readonly capabilities?: ServerCapabilities;
  /** Tells of changes to whoever listens; defaults to telling of none. */
  readonly subscribe?: Connection["subscribe"];
  /** Tells of changes in passing. */
  readonly overhear?: NonNullable<Connection["overhear"]>;
  /** Runs while a connection is opened; may fail or hang. */
  open?(options: { signal: AbortSignal | undefined }): Promise<void>;
  /** Runs before a connection is used, while whoever borrows it waits for a turn. */
  lend?(): Promise<void>;
  answer(request: Received): unknown;
}

/** Lends connections to servers in memory: one per scope, server and credential subject, as the contract says. */
export class MemoryPool implements ConnectionPool<Connection> {
  readonly received: (Received & { readonly server: string })[] = [];
  readonly targets: Target[] = [];
  readonly contexts: RunOptions["context"][] = [];
  readonly resends: RunOptions["resend"][] = [];
  opened = 0;
  /** How often it sends again where it may. */
  resendsMost = 1;
  readonly #servers: Readonly<Record<string, MemoryServer>>;
  readonly #connections = new Map<string, Connection>();

  constructor(servers: Readonly<Record<string, MemoryServer>>) {
    this.#servers = servers;
  }

  async run<T>(
    target: Target,
    work: (connection: Connection, attempt: number) => Promise<T>,
    options: RunOptions,
  ): Promise<T> {
    this.targets.push(target);
    this.contexts.push(options.context);
    this.resends.push(options.resend);
    for (let attempt = 0; ; attempt++) {
      const { connection, forget } = await this.#connect(target, options);
      await this.#servers[target.server.id]?.lend?.();
      try {
        return await work(connection, attempt);
      } catch (failure) {
        if (!(failure instanceof TenantryError) || failure.recover === undefined) throw failure;
        forget();
        const maySend =
          failure.delivery === "refused" || (options.resend === "safe" && failure.delivery === "unknown");
        if (attempt >= this.resendsMost || !maySend) throw failure;
      } finally {
        if (target.scope.share === "discovery") forget();
      }
    }
  }

  async acquire(target: Target, options: AcquireOptions): Promise<Lease<Connection>> {
    this.targets.push(target);
    const { connection } = await this.#connect(target, options);
    const release = () => {};
    return { connection, release, [Symbol.dispose]: release };
  }

  /** What the connections of a server have received, by method. */
  methods(server: string): Method[] {
    return this.received.filter((one) => one.server === server).map(({ method }) => method);
  }

  async #connect(target: Target, { context, signal }: AcquireOptions) {
    const credential = await target.credentials?.resolve({
      scope: target.scope,
      server: target.server,
      context,
      signal,
    });
    const key = JSON.stringify([
      scopeParts(target.scope),
      target.server.id,
      target.server.digest,
      credential?.subject,
    ]);
    const forget = () => void this.#connections.delete(key);
    const existing = this.#connections.get(key);
    if (existing !== undefined) return { connection: existing, forget };
    const connection = await this.#open(target, credential?.subject, signal);
    this.#connections.set(key, connection);
    return { connection, forget };
  }

  async #open({ scope, server }: Target, subject: string | undefined, signal: AbortSignal | undefined) {
    this.opened++;
    const script = this.#servers[server.id];
    if (script === undefined)
      throw new TenantryError("CONNECT_FAILED", "There is no such server.", { server: server.id });
    await script.open?.({ signal });
    const request = async <M extends Method>(method: M, params: Params<M>, options: RequestOptions = {}) => {
      const received = { scope, subject, method, params: (params ?? {}) as Record<string, unknown>, options };
      this.received.push({ ...received, server: server.id });
      return (await script.answer(received)) as Result<M>;
    };
    return memoryConnection(script, request, subject);
  }
}

/** One connection to a server in memory, without a pool. */
export function memoryConnection(
  script: Partial<MemoryServer>,
  request: Connection["request"],
  subject?: string,
): Connection {
  return {
    subject,
    era: script.era ?? "legacy",
    protocolVersion: "2025-11-25",
    serverInfo: undefined,
    capabilities: script.capabilities ?? { tools: {} },
    instructions: undefined,
    request,
    overhear: script.overhear,
    subscribe:
      script.subscribe ??
      (() => Promise.reject(new TenantryError("SERVER_ERROR", "It tells of no changes."))),
    adopt: () => true,
    park: () => undefined,
    close: () => Promise.resolve(),
    closed: new Promise<CloseReason>(() => {}),
  };
}

/** A server that offers these tools and answers each call with its name, its arguments and who asked. */
export function toolServer(names: readonly string[] | ((scope: Scope) => readonly string[])): MemoryServer {
  return {
    answer({ method, params, scope }) {
      if (method === "tools/list") {
        const offered = typeof names === "function" ? names(scope) : names;
        return { tools: offered.map((name) => ({ name, inputSchema: { type: "object" } })) };
      }
      return { content: [{ type: "text", text: JSON.stringify({ ...params, scope }) }] };
    },
  };
}

/** A promise that never settles. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => {});
}
