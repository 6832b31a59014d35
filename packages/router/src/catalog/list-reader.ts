import type { Clock, Connection, ServerEvent, Target } from "@tenantry/core";
import type { Identities } from "../approvals/identities.ts";
import { subjectOf } from "../authority.ts";
import type { RouterLimits } from "../limits.ts";
import type { Route } from "../routing.ts";
import { itemList } from "./item-list.ts";
import type { Kind } from "./kind.ts";
import type { Knowledge } from "./knowledge.ts";
import { KnownList } from "./known-list.ts";
import { readPages } from "./pages.ts";
import { Readings } from "./readings.ts";

/** What a server can say that has changed. */
export type ChangeKind = Exclude<ServerEvent["kind"], "resource_updated">;

const changedKinds = {
  tools_changed: ["tools"],
  prompts_changed: ["prompts"],
  resources_changed: ["resources", "resourceTemplates"],
} as const satisfies Record<ChangeKind, readonly Kind[]>;

/** What lists are read with. */
export interface ReaderParts {
  readonly clock: Clock;
  readonly limits: RouterLimits;
  readonly identities: Identities;
}

/** One reading of one list. */
interface Reading<K extends Kind> {
  readonly connection: Connection;
  readonly route: Route;
  readonly kind: K;
  readonly signal: AbortSignal;
  /** Whether the server has said meanwhile that the list changes. */
  readonly hasChanged: () => boolean;
}

/** Reads lists on borrowed connections, and has them known. */
export class ListReader {
  readonly #parts: ReaderParts;
  readonly #knowledge: Knowledge;
  readonly #readings = new Readings();
  /** The connections on which changes are heard of in passing. */
  readonly #overheard = new WeakSet<Connection>();

  constructor(parts: ReaderParts, knowledge: Knowledge) {
    this.#parts = parts;
    this.#knowledge = knowledge;
  }

  /** Reads a list; joins a reading of it that is under way on this connection. */
  async read<K extends Kind>(
    connection: Connection,
    route: Route,
    kind: K,
    signal: AbortSignal,
  ): Promise<KnownList<K>> {
    const known = await this.#readings.join(connection, kind, signal, (ending, hasChanged) =>
      this.#read({ connection, route, kind, signal: ending, hasChanged }),
    );
    return known as KnownList<K>;
  }

  /** A server has said that its lists of a kind have changed; on which connection, where that is known. */
  changed(target: Target, change: ChangeKind, connection: Connection | undefined): void {
    const subject = connection === undefined ? subjectOf(target) : connection.subject;
    this.#changed(target, subject, change, connection);
  }

  async #read<K extends Kind>(reading: Reading<K>): Promise<KnownList<K>> {
    const { connection, route, kind, signal, hasChanged } = reading;
    const { clock, limits, identities } = this.#parts;
    const { server } = route.target;
    // Its user may have another one by now.
    const { subject } = connection;
    this.#overhear(connection, route.target, subject);
    const at = clock.now();
    const pages = await readPages(connection, kind, { server: server.id, limits, signal });
    const said = { ttlMs: pages.ttlMs, identity: identities.of(connection) };
    const known = new KnownList<K>(this.#knowledge.one(itemList(kind, pages.items)), at, said);
    const isSpoilt = hasChanged();
    if (isSpoilt) known.trouble = "changed";
    this.#knowledge.learn({ route, subject }, known as KnownList, pages.isPublic && !isSpoilt);
    return known;
  }

  #changed(
    target: Pick<Target, "scope" | "server">,
    subject: string | undefined,
    change: ChangeKind,
    connection: Connection | undefined,
  ): void {
    const changed = changedKinds[change];
    this.#knowledge.changed(target, subject, changed);
    if (connection !== undefined) for (const kind of changed) this.#readings.changed(connection, kind);
  }

  /** Hears of changes where that costs nothing. */
  #overhear(connection: Connection, { scope, server }: Target, subject: string | undefined): void {
    if (connection.overhear === undefined || this.#overheard.has(connection)) return;
    const isHeard = connection.overhear(({ kind }) => {
      if (kind !== "resource_updated") this.#changed({ scope, server }, subject, kind, connection);
    });
    if (isHeard) this.#overheard.add(connection);
  }
}
