import {
  SharedFlight,
  type CatalogPrompt,
  type CatalogResource,
  type CatalogResourceTemplate,
  type CatalogTool,
  type Connection,
  type Tool,
} from "@tenantry/core";
import type { RouterLimits } from "../limits.ts";
import type { RoutedServer } from "../routing.ts";
import { toolName } from "../names/tool-name.ts";
import type { Items, Kind } from "./kind.ts";
import { readPages } from "./pages.ts";

/** One server's tools by their catalog names, in the server's own words. */
export type ToolNames = ReadonlyMap<string, string>;

interface Listed {
  readonly tools: readonly CatalogTool[];
  readonly names: ToolNames;
}

/**
 * What one server offers, by connection. A connection is one authorization context, so what it was told is remembered
 * for it alone and goes when it goes; no list is ever found through another connection. Only names are remembered.
 */
export class ServerListing {
  readonly server: RoutedServer;
  readonly #limits: RouterLimits;
  readonly #readings = new WeakMap<Connection, SharedFlight<Listed>>();
  readonly #names = new WeakMap<Connection, ToolNames>();

  constructor(server: RoutedServer, limits: RouterLimits) {
    this.server = server;
    this.#limits = limits;
  }

  /** The server's own name of a tool, as far as this connection has been told. */
  known(connection: Connection, name: string): string | undefined {
    return this.#names.get(connection)?.get(name);
  }

  /** Reads the list; joins a reading of it that is under way. */
  async tools(connection: Connection, signal: AbortSignal): Promise<readonly CatalogTool[]> {
    const current = this.#current(connection);
    const { tools } = await (current ?? this.#begin(connection)).join({ signal });
    // Schemas are mutable, and hosts do change them: who joined gets a copy of its own.
    return current === undefined ? tools : structuredClone(tools);
  }

  /** Reads another list; nothing of it is remembered. */
  async others<K extends Exclude<Kind, "tools">>(
    kind: K,
    connection: Connection,
    signal: AbortSignal,
  ): Promise<readonly Items[K][]> {
    return readPages(connection, kind, { server: this.server.ref.id, limits: this.#limits, signal });
  }

  async prompts(connection: Connection, signal: AbortSignal): Promise<readonly CatalogPrompt[]> {
    const server = this.server.ref.id;
    return (await this.others("prompts", connection, signal)).map((prompt) => ({
      ...prompt,
      name: toolName(server, prompt.name),
      origin: Object.freeze({ server, prompt: prompt.name }),
    }));
  }

  async resources(connection: Connection, signal: AbortSignal): Promise<readonly CatalogResource[]> {
    const origin = Object.freeze({ server: this.server.ref.id });
    return (await this.others("resources", connection, signal)).map((one) => ({ ...one, origin }));
  }

  async resourceTemplates(
    connection: Connection,
    signal: AbortSignal,
  ): Promise<readonly CatalogResourceTemplate[]> {
    const origin = Object.freeze({ server: this.server.ref.id });
    return (await this.others("resourceTemplates", connection, signal)).map((one) => ({ ...one, origin }));
  }

  /** Reads the list again for a name that is not {@link known}; joins a reading of it that is under way. */
  async find(connection: Connection, name: string, signal: AbortSignal): Promise<string | undefined> {
    const reading = this.#current(connection) ?? this.#begin(connection);
    const { names } = await reading.join({ signal });
    return names.get(name);
  }

  #current(connection: Connection): SharedFlight<Listed> | undefined {
    const reading = this.#readings.get(connection);
    return reading?.abandoned ? undefined : reading;
  }

  #begin(connection: Connection): SharedFlight<Listed> {
    const reading: SharedFlight<Listed> = new SharedFlight(async (signal) => {
      try {
        return await this.#read(connection, signal);
      } finally {
        // It holds the whole list, which nobody else may need; an abandoned one may have a successor.
        if (this.#readings.get(connection) === reading) this.#readings.delete(connection);
      }
    });
    this.#readings.set(connection, reading);
    return reading;
  }

  async #read(connection: Connection, signal: AbortSignal): Promise<Listed> {
    const server = this.server.ref.id;
    const own = await readPages(connection, "tools", { server, limits: this.#limits, signal });
    const tools = own.map((tool) => catalogTool(tool, this.server));
    const names = new Map(tools.map(({ name, origin }) => [name, origin.tool]));
    this.#names.set(connection, names);
    return { tools, names };
  }
}

function catalogTool(tool: Tool, server: RoutedServer): CatalogTool {
  const { ["__proto__"]: _dropped, ...description } = tool as Tool & { ["__proto__"]?: unknown };
  const origin = Object.freeze({ server: server.ref.id, tool: tool.name });
  return { ...description, name: toolName(server.ref.id, tool.name), origin };
}
