import type { IsolationHost, IsolationSubject, OpenSubject } from "@tenantry/testing/isolation";

/** A client of one user, as a library gives it. */
export interface OwnClient {
  listTools(): Promise<readonly string[]>;
  callTool: (
    tool: string,
    args: Readonly<Record<string, unknown>>,
    options: { readonly signal: AbortSignal },
  ) => Promise<unknown>;
  /** Absent where the library does not tell of changes. */
  watch?(changed: () => void): Promise<void> | void;
  close(): Promise<unknown>;
}

/** What one user's client is opened with. */
export interface OwnHost {
  readonly user: string;
  readonly url: URL;
  readonly era: IsolationHost["era"];
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * A library of single clients, used as its documentation has it for several users: the host opens one for each, with that
 * user's headers, keeps it, and opens another when the key has changed.
 */
export function oneClientEach(
  about: Pick<IsolationSubject, "name" | "eras"> & { readonly watches?: true },
  connect: (host: OwnHost) => Promise<OwnClient>,
): IsolationSubject {
  const { watches, ...named } = about;
  return { ...named, open: (host) => new Clients(host, connect, watches === true) };
}

class Clients implements OpenSubject {
  readonly #host: IsolationHost;
  readonly #connect: (host: OwnHost) => Promise<OwnClient>;
  readonly #clients = new Map<string, Promise<OwnClient>>();
  readonly watch?: (user: string, changed: () => void) => Promise<void>;

  constructor(host: IsolationHost, connect: (host: OwnHost) => Promise<OwnClient>, watches: boolean) {
    this.#host = host;
    this.#connect = connect;
    if (watches) this.watch = async (user, changed) => (await this.#clientOf(user)).watch?.(changed);
  }

  async listTools(user: string): Promise<readonly string[]> {
    return (await this.#clientOf(user)).listTools();
  }

  async callTool(...[user, ...call]: Parameters<OpenSubject["callTool"]>): Promise<unknown> {
    return (await this.#clientOf(user)).callTool(...call);
  }

  async rotate(user: string): Promise<void> {
    await this.evict(user);
  }

  async evict(user: string): Promise<boolean> {
    const client = await this.#clients.get(user)?.catch(() => undefined);
    this.#clients.delete(user);
    await client?.close();
    return client !== undefined;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.keys()].map((user) => this.evict(user)));
  }

  #clientOf(user: string): Promise<OwnClient> {
    const opened = this.#clients.get(user) ?? this.#open(user);
    this.#clients.set(user, opened);
    return opened;
  }

  #open(user: string): Promise<OwnClient> {
    const { url, era } = this.#host;
    const key = this.#host.keyOf(user);
    const headers: OwnHost["headers"] = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const opening = this.#connect({ user, url, era, headers });
    // What could not be opened is opened again for the next question.
    opening.catch(() => this.#clients.get(user) === opening && this.#clients.delete(user));
    return opening;
  }
}
