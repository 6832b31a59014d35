import type {
  Clock,
  Timer,
  WorkspaceClient,
  WorkspaceEvent,
  WorkspaceFilter,
  WorkspaceSubscription,
} from "@tenantry/core";

/** A change as a client is told of it. */
export interface Change {
  readonly method: string;
  readonly params: { readonly uri?: string };
}

/** What one client hears of. */
export interface ChangesOptions {
  readonly client: WorkspaceClient;
  readonly clock: Clock;
  /** For how long changes are gathered, so that many of one kind are told once. */
  readonly gatherMs: number;
  readonly tell: (change: Change) => void;
}

const methods = {
  tools_changed: "notifications/tools/list_changed",
  prompts_changed: "notifications/prompts/list_changed",
  resources_changed: "notifications/resources/list_changed",
  resource_updated: "notifications/resources/updated",
} as const satisfies Record<WorkspaceEvent["kind"], string>;

const firstRetryMs = 1_000;
const lastRetryMs = 60_000;

/** Hears of the changes at a principal's servers for one client, gathers them, and goes on where the hearing was lost. */
export class Changes {
  readonly #options: ChangesOptions;
  readonly #gathered = new Map<string, Change>();
  readonly #ending = new AbortController();
  readonly #open = new Set<WorkspaceSubscription>();
  #timer: Timer | undefined;

  constructor(options: ChangesOptions) {
    this.#options = options;
  }

  /** Hears of what `filter` says until `ending` aborts; rejects where there is no such resource. */
  async hear(filter: WorkspaceFilter, ending?: AbortSignal): Promise<void> {
    const signal =
      ending === undefined ? this.#ending.signal : AbortSignal.any([ending, this.#ending.signal]);
    const first = await this.#subscribe(filter, signal);
    void this.#keep(filter, first, signal);
  }

  /** Hears of what `filter` says as soon as it can. */
  hearLater(filter: WorkspaceFilter): void {
    void this.#keep(filter, undefined, this.#ending.signal);
  }

  close(): void {
    this.#ending.abort();
    this.#timer?.cancel();
    for (const one of this.#open) void one.close();
  }

  async #subscribe(filter: WorkspaceFilter, signal: AbortSignal): Promise<WorkspaceSubscription> {
    const subscription = await this.#options.client.subscribe(filter, (event) => this.#gather(event), {
      signal,
    });
    this.#open.add(subscription);
    const leave = () => void subscription.close();
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave, { once: true });
    void subscription.closed.finally(() => {
      this.#open.delete(subscription);
      signal.removeEventListener("abort", leave);
    });
    return subscription;
  }

  /** Begins again where the hearing ends, and tells then of what may have been missed. */
  async #keep(
    filter: WorkspaceFilter,
    first: WorkspaceSubscription | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    let current = first;
    for (let delayMs = firstRetryMs; ; delayMs = Math.min(2 * delayMs, lastRetryMs)) {
      const isFirst = current === undefined && delayMs === firstRetryMs;
      const began = this.#options.clock.now();
      try {
        current ??= await this.#subscribe(filter, signal);
        if (!isFirst && current !== first) this.#gatherAll(filter);
        await current.closed;
      } catch {
        // Asked again below; what cannot be heard is no reason to end the stream.
      }
      current = undefined;
      if (signal.aborted) return;
      if (this.#options.clock.now() - began > lastRetryMs) delayMs = firstRetryMs;
      await this.#pause(delayMs, signal);
      if (signal.aborted) return;
    }
  }

  #pause(delayMs: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(delayMs, resolve);
    const leave = () => {
      timer.cancel();
      resolve();
    };
    signal.addEventListener("abort", leave, { once: true });
    return promise.finally(() => signal.removeEventListener("abort", leave));
  }

  #gatherAll({ tools, prompts, resources, watched = [] }: WorkspaceFilter): void {
    if (tools) this.#gather({ kind: "tools_changed" });
    if (prompts) this.#gather({ kind: "prompts_changed" });
    if (resources) this.#gather({ kind: "resources_changed" });
    for (const one of watched)
      this.#gather({ kind: "resource_updated", uri: typeof one === "string" ? one : one.uri });
  }

  #gather(event: { readonly kind: WorkspaceEvent["kind"]; readonly uri?: string }): void {
    if (this.#ending.signal.aborted) return;
    const { kind, uri } = event;
    const params = uri === undefined ? {} : { uri };
    this.#gathered.set(`${kind} ${uri ?? ""}`, { method: methods[kind], params });
    this.#timer ??= this.#options.clock.after(this.#options.gatherMs, () => {
      this.#timer = undefined;
      const changes = [...this.#gathered.values()];
      this.#gathered.clear();
      changes.forEach(this.#options.tell);
    });
  }
}
