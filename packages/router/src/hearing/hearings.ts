import {
  scopeParts,
  type Clock,
  type CloseReason,
  type Connection,
  type ConnectionPool,
  type ServerEvent,
} from "@tenantry/core";
import { subjectOf } from "../authority.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { Route } from "../routing.ts";
import { Burst } from "./burst.ts";
import { Listening } from "./listening.ts";

/** A change of a list. */
export type ListEvent = Exclude<ServerEvent, { readonly kind: "resource_updated" }>;

/** Who hears of the changes of a server's lists. */
type Hearer = (event: ListEvent) => void;

/** Who hears, and how a connection is looked at before it is listened to. */
export interface Joining {
  readonly hearer: Hearer;
  readonly check: (connection: Connection) => Promise<void> | undefined;
}

/** What all hearings of one router work with. */
export interface HearingParts {
  readonly pool: ConnectionPool<Connection>;
  readonly clock: Clock;
  readonly catalog: Catalog;
}

/** One hearer's part in what is heard. */
export interface Heard {
  readonly opened: Promise<void>;
  readonly closed: Promise<CloseReason>;
  close(): Promise<void>;
}

const kinds = ["tools_changed", "prompts_changed", "resources_changed"] as const;

/** Hears of the changes of servers' lists, once for all who want to know in one authorization context, and for nobody else. */
export class Hearings {
  readonly #parts: HearingParts;
  readonly #open = new Map<string, Hearing>();

  constructor(parts: HearingParts) {
    this.#parts = parts;
  }

  /** Has somebody hear of a server's lists until they leave. Whose authority the route carries has been learnt before. */
  join(route: Route, { hearer, check }: Joining): Heard {
    const { scope, server } = route.target;
    const key = JSON.stringify([
      ...scopeParts(scope),
      ...[server.id, server.digest, subjectOf(route.target) ?? null],
      // Those who share a connection with other workspaces have approved of it each for their own.
      route.principal?.workspace,
    ]);
    let hearing = this.#open.get(key);
    if (hearing === undefined) {
      const made = (hearing = new Hearing(this.#parts, route, check));
      this.#open.set(key, made);
      void made.listening.closed.then(() => {
        if (this.#open.get(key) === made) this.#open.delete(key);
      });
    }
    const joined = hearing;
    const mine: Hearer = (event) => hearer(event);
    joined.hearers.add(mine);
    const { opened, closed } = joined.listening;
    const close = async () => {
      if (!joined.hearers.delete(mine) || joined.hearers.size > 0) return;
      // Nobody joins what is about to end.
      if (this.#open.get(key) === joined) this.#open.delete(key);
      await joined.close();
    };
    return { opened, closed, close };
  }
}

/** What is heard of one server in one context. */
class Hearing {
  readonly hearers = new Set<Hearer>();
  readonly listening: Listening;
  readonly #bursts: Readonly<Record<ListEvent["kind"], Burst>>;

  constructor({ pool, clock, catalog }: HearingParts, route: Route, check: Joining["check"]) {
    const burst = (kind: ListEvent["kind"]) => new Burst(clock, () => this.#tell({ kind }));
    this.#bursts = {
      tools_changed: burst("tools_changed"),
      prompts_changed: burst("prompts_changed"),
      resources_changed: burst("resources_changed"),
    };
    const heard = (kind: ListEvent["kind"], connection?: Connection) => {
      // Known to be old at once; told of when there is an end of it.
      catalog.changed(route, kind, connection);
      this.#bursts[kind].add();
    };
    this.listening = new Listening({
      ...{ pool, clock, route, check, filter: { tools: true, prompts: true, resources: true } },
      onEvent: ({ kind }, connection) => {
        if (kind !== "resource_updated") heard(kind, connection);
      },
      onBack: () => kinds.forEach((kind) => heard(kind)),
    });
  }

  async close(): Promise<void> {
    for (const kind of kinds) this.#bursts[kind].close();
    await this.listening.close();
  }

  #tell(event: ListEvent): void {
    for (const hearer of this.hearers) hearer(event);
  }
}
