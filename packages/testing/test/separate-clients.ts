import { Client, StreamableHTTPClientTransport, type Tool } from "@modelcontextprotocol/client";
import type { IsolationHost, OpenSubject } from "../src/isolation.ts";

type Args = Readonly<Record<string, unknown>>;
type Options = { readonly signal: AbortSignal };

/** The official client, one for each user: what a subject is that mixes nobody up. Tests override what it does right. */
export class SeparateClients implements OpenSubject {
  readonly host: IsolationHost;
  readonly clients = new Map<string, Promise<Client>>();
  readonly watchers = new Map<string, () => void>();

  constructor(host: IsolationHost) {
    this.host = host;
  }

  /** Under which name a user's client is kept. */
  slotOf(user: string): string {
    return user;
  }

  /** The key that a client's requests are made with. It is read when the client is opened, as a header of a configuration is. */
  keyFor(user: string): string | undefined {
    return this.host.keyOf(user);
  }

  async listTools(user: string): Promise<readonly Tool[]> {
    const { tools } = await this.with(user, (client) => client.listTools({}, { cacheMode: "bypass" }));
    return tools;
  }

  callTool(user: string, tool: string, args: Args, { signal }: Options): Promise<unknown> {
    return this.with(
      user,
      (client) => client.callTool({ name: tool, arguments: { ...args } }, { signal }),
      signal,
    );
  }

  async rotate(user: string): Promise<void> {
    await this.drop(user);
  }

  async evict(user: string): Promise<boolean> {
    return this.drop(user);
  }

  async watch(user: string, changed: () => void): Promise<void> {
    this.watchers.set(this.slotOf(user), changed);
    await this.listTools(user);
  }

  async close(): Promise<void> {
    await Promise.all([...this.clients.keys()].map((slot) => this.drop(slot)));
  }

  /** Works with a user's client; after a failure the next work has a new one. */
  async with<T>(user: string, work: (client: Client) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const slot = this.slotOf(user);
    const opening = this.clients.get(slot) ?? this.open(user);
    this.clients.set(slot, opening);
    try {
      return await work(await opening);
    } catch (failure) {
      if (signal?.aborted !== true && this.clients.get(slot) === opening) await this.drop(slot);
      throw failure;
    }
  }

  async open(user: string): Promise<Client> {
    const mode = this.host.era === "legacy" ? "legacy" : { pin: "2026-07-28" };
    const onChanged = () => this.watchers.get(this.slotOf(user))?.();
    const client = new Client(
      { name: "separate", version: "1.0.0" },
      {
        versionNegotiation: { mode },
        listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged } },
      },
    );
    await client.connect(this.transportFor(user));
    return client;
  }

  transportFor(user: string): StreamableHTTPClientTransport {
    const key = this.keyFor(user);
    const headers: HeadersInit = key === undefined ? {} : { authorization: `Bearer ${key}` };
    return new StreamableHTTPClientTransport(this.host.url, { requestInit: { headers } });
  }

  /** Closes what is kept under a name, and says whether there was anything. */
  async drop(slot: string): Promise<boolean> {
    const opening = this.clients.get(slot);
    this.clients.delete(slot);
    const client = await opening?.catch(() => undefined);
    await client?.close();
    return client !== undefined;
  }
}
