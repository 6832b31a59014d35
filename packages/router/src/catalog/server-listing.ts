import type { ServerRef } from "@tenantry/core";
import { announcementOf, type Announcement } from "../announcement.ts";
import { couldOwn, ownToolName } from "../names/tool-name.ts";
import { present, type NameMode, type Presentation, type Presented } from "../names/presented.ts";
import type { RoutedServer } from "../routing.ts";
import type { ItemList } from "./item-list.ts";
import type { Kind } from "./kind.ts";

/** How one server is shown in a workspace: its lists under their names there. Nothing in it belongs to a principal. */
export class ServerListing {
  readonly server: RoutedServer;
  readonly names: NameMode;
  /** How the server is reached, as it has to be approved. */
  readonly launch: { readonly launch: string };
  readonly #presentation: Presentation;
  readonly #aliases: ReadonlySet<string>;
  readonly #current = new WeakMap<ItemList, Presented>();
  readonly #stale = new WeakMap<ItemList, Presented>();
  readonly #announcements = new Map<string, Announcement>();

  constructor(server: RoutedServer, names: NameMode) {
    this.server = server;
    this.names = names;
    this.launch = Object.freeze({ launch: server.launch ?? server.ref.digest });
    const tools = new Map(Object.entries(server.tools ?? {}));
    this.#presentation = { server: server.ref.id, names, tools };
    this.#aliases = new Set([...tools.values()].flatMap(({ name }) => name ?? []));
  }

  /** Whether something of the server may be changed or missing in what is shown. */
  get hasOverrides(): boolean {
    return this.#presentation.tools.size > 0;
  }

  /** Whether a tool of the server can have this name; the tool itself is found in its list. */
  mayOwn(name: string): boolean {
    return this.names === "plain" || this.#aliases.has(name) || couldOwn(this.server.ref.id, name);
  }

  /** The server's own name of the tool with this name, where that can be told without its list. */
  ownToolName(name: string): string | undefined {
    for (const [own, override] of this.#presentation.tools) if (override.name === name) return own;
    return this.ownName(name);
  }

  /** The server's own name of what has this name and no other one in the workspace, where that can be told without its list. */
  ownName(name: string): string | undefined {
    return this.names === "plain" ? undefined : ownToolName(this.server.ref.id, name);
  }

  /** Whether the name may be another server's as well, so that one that has it does not settle whose it is. */
  mayShare(name: string): boolean {
    return this.names === "plain" || this.#aliases.has(name);
  }

  /** A list as it is shown; `isStale` where the server cannot be asked now. */
  present<K extends Kind>(list: ItemList<K>, isStale = false): Presented<K> {
    const known = isStale ? this.#stale : this.#current;
    let presented = known.get(list);
    if (presented === undefined) known.set(list, (presented = present(list, this.#presentation, isStale)));
    return presented as Presented<K>;
  }

  /** The server as it is reached by whoever answers these of its requests. */
  announcing(names: readonly string[]): Announcement {
    const id = names.join("+");
    let announcement = this.#announcements.get(id);
    if (announcement === undefined)
      this.#announcements.set(id, (announcement = announcementOf(this.server.ref, names)));
    return announcement;
  }

  get ref(): ServerRef {
    return this.server.ref;
  }
}
