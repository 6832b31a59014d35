// What mixes users up on purpose, each in one way: the official client for each user, but for one mistake.
import { StreamableHTTPClientTransport, type Client, type Tool } from "@modelcontextprotocol/client";
import type { IsolationScenarioName, CrossingKind, IsolationHost, OpenSubject } from "../src/isolation.ts";
import { SeparateClients } from "./separate-clients.ts";

type Call = Parameters<OpenSubject["callTool"]>;

/** Every request carries the key of whoever came first. */
class FirstKey extends SeparateClients {
  #first: string | undefined;
  override keyFor(user: string) {
    return (this.#first ??= super.keyFor(user));
  }
}

/** Every request carries the key of whoever asked last. */
class LastKey extends SeparateClients {
  #last = "";
  override async with<T>(user: string, work: (client: Client) => Promise<T>, signal?: AbortSignal) {
    this.#last = user;
    return super.with(user, work, signal);
  }
  override transportFor() {
    return keyedLate(this.host, () => this.#last);
  }
}

/** One client for all, whose requests carry the key of whoever asks. */
class OneSession extends LastKey {
  override slotOf() {
    return "all";
  }
}

/** The answer to a tool is kept, whoever asked for it. */
class KeptAnswers extends SeparateClients {
  readonly #answers = new Map<string, Promise<unknown>>();
  override callTool(...[user, tool, args, options]: Call) {
    const answer = this.#answers.get(tool) ?? super.callTool(user, tool, args, options);
    this.#answers.set(tool, answer);
    return answer;
  }
}

/** Calls of one tool in the same tick are made once. */
class CoalescedCalls extends SeparateClients {
  readonly #flights = new Map<string, Promise<unknown>>();
  override callTool(...[user, tool, args, options]: Call) {
    const flight = this.#flights.get(tool);
    if (flight) return flight;
    const call = super.callTool(user, tool, args, options).finally(() => this.#flights.delete(tool));
    this.#flights.set(tool, call);
    return call;
  }
}

/** The list is kept by the server's name. */
class KeptList extends SeparateClients {
  #list: Promise<readonly Tool[]> | undefined;
  override listTools(user: string) {
    return (this.#list ??= super.listTools(user));
  }
}

/** What a tool is described as is kept by its name. */
class KeptTools extends SeparateClients {
  readonly #tools = new Map<string, Tool>();
  override async listTools(user: string) {
    const tools = await super.listTools(user);
    for (const tool of tools) if (!this.#tools.has(tool.name)) this.#tools.set(tool.name, tool);
    return tools.map((tool) => this.#tools.get(tool.name) ?? tool);
  }
}

/** Tools are functions by name, in each of which is the key of whoever listed them last. */
class KeptKey extends SeparateClients {
  readonly #tools = new Map<string, (...call: Call) => Promise<unknown>>();
  override async listTools(user: string) {
    const tools = await super.listTools(user);
    for (const { name } of tools) this.#tools.set(name, (_caller, ...call) => super.callTool(user, ...call));
    return tools;
  }
  override async callTool(...call: Call) {
    const [, tool] = call;
    return (this.#tools.get(tool) ?? super.callTool.bind(this))(...call);
  }
}

/** Why a call failed is told with who else is there. */
class TellsWho extends SeparateClients {
  override async with<T>(user: string, work: (client: Client) => Promise<T>, signal?: AbortSignal) {
    const others = [...this.clients.keys()];
    return super.with(user, work, signal).catch((cause: unknown) => {
      throw new Error(`The request failed (open: ${others.join(", ")}).`, { cause });
    });
  }
}

/** A failure is told with the request that came last. */
class TellsKey extends SeparateClients {
  #last: string | undefined;
  override callTool(...[user, ...call]: Call) {
    const before = this.#last;
    this.#last = this.host.keyOf(user);
    return super.callTool(user, ...call).catch((cause: unknown) => ({ isError: true, before, cause }));
  }
}

/** A list says with which key the one before it was had. */
class ListsKey extends SeparateClients {
  #last: string | undefined;
  override async listTools(user: string) {
    const before = this.#last;
    this.#last = this.host.keyOf(user);
    return (await super.listTools(user)).map((tool) => ({ ...tool, before }));
  }
}

/** Who has no key is told who has one. */
class SendsAway extends SeparateClients {
  override async callTool(...[user, ...call]: Call) {
    if (this.host.keyOf(user) === undefined) return { isError: true, text: "Ask ada, who is let in." };
    return super.callTool(user, ...call);
  }
}

/** Who gives up one call gives up every call. */
class OneAbort extends SeparateClients {
  #all = new AbortController();
  override callTool(...[user, tool, args, { signal }]: Call) {
    signal.addEventListener("abort", () => {
      this.#all.abort(signal.reason);
      this.#all = new AbortController();
    });
    return super.callTool(user, tool, args, { signal: this.#all.signal });
  }
}

/** Who has no key takes the connection that is there. */
class AnyKey extends SeparateClients {
  override slotOf(user: string) {
    return this.host.keyOf(user) === undefined ? "ada" : user;
  }
}

/** After one user's failure the server is left alone by all. */
class OneBreaker extends SeparateClients {
  #openUntil = 0;
  override async with<T>(user: string, work: (client: Client) => Promise<T>, signal?: AbortSignal) {
    if (Date.now() < this.#openUntil) throw new Error("The breaker is open.");
    try {
      return await super.with(user, work, signal);
    } catch (failure) {
      this.#openUntil = Date.now() + 200;
      throw failure;
    }
  }
}

/** A new key is kept in one place, from which every client that opens later takes it. */
class OneNewKey extends SeparateClients {
  #renewed: string | undefined;
  override keyFor(user: string) {
    return this.#renewed ?? super.keyFor(user);
  }
  override async rotate(user: string) {
    this.#renewed = this.host.keyOf(user);
    await Promise.all([...this.clients.keys()].map((slot) => this.drop(slot)));
  }
}

/** A change is told to everybody who watches. */
class OneNotice extends SeparateClients {
  override async watch(user: string, changed: () => void) {
    const all = () => [...watchers.values()].forEach((tell) => tell());
    const watchers = this.#all.set(user, changed);
    await super.watch(user, all);
  }
  readonly #all = new Map<string, () => void>();
}

/** What had to be opened again is opened once, for all. */
class OneReopened extends SeparateClients {
  #broken = false;
  override slotOf(user: string) {
    return this.#broken ? "all" : user;
  }
  override async drop(slot: string) {
    this.#broken = true;
    return super.drop(slot);
  }
}

/** Whose own connection cannot be had takes another's. */
class FallsBack extends SeparateClients {
  override async with<T>(user: string, work: (client: Client) => Promise<T>, signal?: AbortSignal) {
    try {
      return await super.with(user, work, signal);
    } catch (failure) {
      if (signal?.aborted === true || this.host.keyOf(user) === undefined) throw failure;
      return super.with(user === "ada" ? "bob" : "ada", work, signal);
    }
  }
}

/** Lack of room for one ends all. */
class EvictsAll extends SeparateClients {
  override async evict() {
    await this.close();
    return true;
  }
}

function keyedLate(host: IsolationHost, whose: () => string): StreamableHTTPClientTransport {
  return new StreamableHTTPClientTransport(host.url, {
    fetch: (input, init) => {
      const headers = new Headers(init?.headers);
      const key = host.keyOf(whose());
      if (key !== undefined) headers.set("authorization", `Bearer ${key}`);
      return fetch(input, { ...init, headers });
    },
  });
}

/** A mistake, the scenario that shows it, and as what; `hidden` where a scenario without that trouble does not show it. */
export interface Leak {
  readonly name: string;
  readonly Subject: new (host: IsolationHost) => OpenSubject;
  readonly scenario: IsolationScenarioName;
  readonly kind: CrossingKind;
  readonly hidden?: true;
}

/** At least one for each kind of crossing and for each scenario. */
export const leaks: readonly Leak[] = [
  { name: "FirstKey", Subject: FirstKey, scenario: "sequential", kind: "key" },
  { name: "LastKey", Subject: LastKey, scenario: "same-tick", kind: "key", hidden: true },
  { name: "OneSession", Subject: OneSession, scenario: "sequential", kind: "session" },
  { name: "KeptAnswers", Subject: KeptAnswers, scenario: "sequential", kind: "answer" },
  { name: "CoalescedCalls", Subject: CoalescedCalls, scenario: "same-tick", kind: "answer", hidden: true },
  { name: "KeptList", Subject: KeptList, scenario: "sequential", kind: "list" },
  { name: "KeptTools", Subject: KeptTools, scenario: "sequential", kind: "list" },
  { name: "KeptKey", Subject: KeptKey, scenario: "same-tick", kind: "key" },
  { name: "TellsWho", Subject: TellsWho, scenario: "error", kind: "text" },
  { name: "TellsKey", Subject: TellsKey, scenario: "error", kind: "text" },
  { name: "ListsKey", Subject: ListsKey, scenario: "sequential", kind: "text" },
  { name: "SendsAway", Subject: SendsAway, scenario: "sequential", kind: "text" },
  { name: "OneNotice", Subject: OneNotice, scenario: "list_changed", kind: "list", hidden: true },
  { name: "OneAbort", Subject: OneAbort, scenario: "cancel", kind: "cancel", hidden: true },
  { name: "AnyKey", Subject: AnyKey, scenario: "sequential", kind: "keyless" },
  { name: "OneNewKey", Subject: OneNewKey, scenario: "refresh", kind: "key", hidden: true },
  { name: "OneNewKey", Subject: OneNewKey, scenario: "rotation", kind: "key", hidden: true },
  { name: "OneReopened", Subject: OneReopened, scenario: "reconnect", kind: "key", hidden: true },
  { name: "FallsBack", Subject: FallsBack, scenario: "error", kind: "key", hidden: true },
  { name: "OneBreaker", Subject: OneBreaker, scenario: "error", kind: "trouble", hidden: true },
  { name: "EvictsAll", Subject: EvictsAll, scenario: "eviction", kind: "trouble", hidden: true },
];
