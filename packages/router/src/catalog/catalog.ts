import {
  isAbortReason,
  TenantryError,
  withDeadline,
  type Clock,
  type Connection,
  type ConnectionPool,
  type Delivery,
} from "@tenantry/core";
import { learnSubject, subjectOf } from "../authority.ts";
import { runAt, type Candidate, type Route } from "../routing.ts";
import type { Whom } from "./contexts.ts";
import { listTimeout, notAuthorized } from "./failure.ts";
import type { ItemList } from "./item-list.ts";
import type { Kind } from "./kind.ts";
import { Knowledge, type KnowledgeParts } from "./knowledge.ts";
import type { KnownList } from "./known-list.ts";
import { ListReader, type ChangeKind, type ReaderParts } from "./list-reader.ts";
import { Silences } from "./silences.ts";

/** What a catalog works with. */
export interface CatalogParts extends KnowledgeParts, ReaderParts {
  readonly pool: ConnectionPool<Connection>;
  readonly clock: Clock;
}

/** How a list is asked for. */
export interface ListRequest {
  readonly signal: AbortSignal | undefined;
  /** How long the server may take, connecting included, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether the server is asked whatever is known. */
  readonly fresh: boolean;
}

/** A list, and why it is an old one, where it is. */
export interface ListAnswer<K extends Kind> {
  readonly list: ItemList<K>;
  /** What the server said that it is; absent where it was not asked. */
  readonly identity?: object | undefined;
  readonly error?: TenantryError | undefined;
}

/** A server that could not be asked is left alone for so long, in milliseconds, unless somebody wants a fresh list. */
const retryMs = 5_000;

/**
 * What the servers of a router list, by authorization context: who asks, which server, and whose authority the
 * credential carries. It asks a server as whoever wants to know, and keeps what it says for that context alone.
 */
export class Catalog {
  readonly silences: Silences;
  readonly #parts: CatalogParts;
  readonly #knowledge: Knowledge;
  readonly #reader: ListReader;
  readonly #refreshing = new WeakSet<KnownList>();

  constructor(parts: CatalogParts) {
    this.#parts = parts;
    this.silences = new Silences(parts.clock);
    this.#knowledge = new Knowledge(parts);
    this.#reader = new ListReader(parts, this.#knowledge);
  }

  /**
   * Gives a list: the known one, at once, where it is good enough, else what the server says. Throws where the server says
   * nothing and nothing is known. Whoever has to say first that the server may be asked, and with which credential, has as
   * long as the server has after that.
   */
  list<K extends Kind>(
    candidate: Candidate,
    kind: K,
    request: ListRequest,
  ): ListAnswer<K> | Promise<ListAnswer<K>> {
    const { route } = candidate;
    request.signal?.throwIfAborted();
    // No credential is for a server that nobody may go to.
    const admitted = route.admit?.();
    const learn = (signal = request.signal) => learnSubject(route.target, { context: route.context, signal });
    const learning = admitted ?? learn();
    if (learning === undefined) return this.#list(candidate, kind, request);
    const { signal: caller, timeoutMs } = request;
    const { clock } = this.#parts;
    const expired = () => listTimeout(route.target.server.id, kind, timeoutMs, "unsent");
    return withDeadline({ keepAlive: true, clock, timeoutMs, signal: caller, expired }, async (signal) => {
      await learning;
      if (admitted !== undefined) await learn(signal);
    }).then(() => this.#list(candidate, kind, request));
  }

  /** What is known of a list, under the authority of a connection, or of whatever the candidate's route carried last. */
  known<K extends Kind>(
    { route: { target } }: Candidate,
    kind: K,
    connection?: Connection,
  ): KnownList<K> | undefined {
    return this.#knowledge.find(
      target,
      kind,
      connection === undefined ? subjectOf(target) : connection.subject,
    );
  }

  /**
   * Looks for something in a list on a borrowed connection: in the known one, then in what the server says now. Where a list
   * is known, the server is asked three times within five seconds at most, whatever is looked for.
   */
  async find<K extends Kind, T>(
    connection: Connection,
    candidate: Candidate,
    kind: K,
    pick: (list: ItemList<K>) => T | undefined,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const learner = { route: candidate.route, subject: connection.subject };
    const known = this.known(candidate, kind, connection) ?? (await this.#knowledge.load(learner, kind));
    const found = known && pick(known.list);
    if (found !== undefined) return found;
    const isCurrent = known !== undefined && known.trouble !== "changed";
    if (isCurrent && !this.#knowledge.mayMiss(learner, kind)) return undefined;
    return pick((await this.read(connection, candidate.route, kind, signal)).list);
  }

  /** Forgets what whoever asks was told by a server that refuses them now: it is theirs no more. */
  heed<T>(route: Route, asked: Promise<T>): Promise<T> {
    asked.catch((failure: unknown) => this.#knowledge.refused(route, failure));
    return asked;
  }

  /** Forgets what those users were told, in the store too; it looks at every one. Rejects as the store does. */
  forget(whom: Whom): Promise<void> {
    return this.#knowledge.forget(whom);
  }

  /** Forgets everything that is in memory; whoever asks for a list then hears what the pool says. */
  close(): Promise<void> {
    return this.#knowledge.close();
  }

  /** A server has said that its lists of a kind have changed; on which connection, where that is known. */
  changed({ target }: Pick<Route, "target">, change: ChangeKind, connection?: Connection): void {
    this.#reader.changed(target, change, connection);
  }

  /** Reads a list on a borrowed connection; joins a reading of it that is under way there. */
  read<K extends Kind>(
    connection: Connection,
    route: Route,
    kind: K,
    signal: AbortSignal,
  ): Promise<KnownList<K>> {
    return this.#reader.read(connection, route, kind, signal);
  }

  #list<K extends Kind>(
    candidate: Candidate,
    kind: K,
    request: ListRequest,
  ): ListAnswer<K> | Promise<ListAnswer<K>> {
    const known = this.known(candidate, kind);
    if (known !== undefined) return this.#judge(candidate, kind, request, known);
    if (!this.#knowledge.isSaved) return this.#ask(candidate, kind, request, undefined);
    const { route } = candidate;
    return this.#knowledge
      .load({ route, subject: subjectOf(route.target) }, kind)
      .then((saved) =>
        saved === undefined
          ? this.#ask(candidate, kind, request, undefined)
          : this.#judge(candidate, kind, request, saved),
      );
  }

  #judge<K extends Kind>(
    candidate: Candidate,
    kind: K,
    request: ListRequest,
    known: KnownList<K>,
  ): ListAnswer<K> | Promise<ListAnswer<K>> {
    if (request.fresh) return this.#ask(candidate, kind, request, known);
    const { clock, limits } = this.#parts;
    switch (known.age(clock.now(), limits.listTtlMs)) {
      case "over":
        return this.#ask(candidate, kind, request, known);
      case "old":
        this.#refresh(candidate, kind, known);
        return known;
      case "current":
        return known;
    }
  }

  /** Asks the server; where it cannot be asked, what it said earlier is better than nothing. */
  async #ask<K extends Kind>(
    { route }: Candidate,
    kind: K,
    { signal: caller, timeoutMs }: Pick<ListRequest, "signal" | "timeoutMs">,
    known: KnownList<K> | undefined,
    keepAlive = true,
  ): Promise<ListAnswer<K>> {
    const { pool, clock } = this.#parts;
    const { target } = route;
    let delivery: Delivery = "unsent";
    const expired = () => listTimeout(target.server.id, kind, timeoutMs, delivery);
    try {
      return await withDeadline({ keepAlive, clock, timeoutMs, signal: caller, expired }, (signal) =>
        runAt(
          pool,
          route,
          (connection) => {
            delivery = "unknown";
            return this.read(connection, route, kind, signal);
          },
          { signal, resend: "safe" },
        ),
      );
    } catch (failure) {
      if (known === undefined || isAbortReason(failure, caller)) throw failure;
      this.#knowledge.refused(route, failure);
      if (!(failure instanceof TenantryError) || notAuthorized(failure)) throw failure;
      // One that is everybody's is not to tell others of this one's trouble.
      if (this.#knowledge.own(target, kind, subjectOf(target)) === known)
        known.trouble = { error: failure, at: clock.now() };
      return { list: known.list, identity: known.identity, error: failure };
    }
  }

  /** Asks anew for a list that was given meanwhile, once for all who were given it, as the one who was given it first. */
  #refresh<K extends Kind>(candidate: Candidate, kind: K, known: KnownList<K>): void {
    const { clock, limits } = this.#parts;
    const { trouble } = known;
    if (this.#refreshing.has(known)) return;
    if (typeof trouble === "object" && clock.now() - trouble.at < retryMs) return;
    this.#refreshing.add(known);
    const request = { signal: undefined, timeoutMs: limits.listTimeoutMs };
    const done = () => void this.#refreshing.delete(known);
    this.#ask(candidate, kind, request, known, false).then(done, done);
  }
}
