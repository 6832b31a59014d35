import type { Action, IAgentRuntime } from "@elizaos/core";
import { quote, type CatalogTool } from "@tenantry/core";
import type { OfferedTool } from "@tenantry/core/adapter";
import { actionParameters } from "./parameters.ts";
import type { MessageContext } from "./service.ts";

/** A tool as it is called for the user of each message. */
export type MessageTool = OfferedTool<MessageContext>;

/** How many names of tools are taken up: elizaOS takes no action back, and what a server lists may change for ever. */
const maxNames = 2_000;

/** What the actions of tools are made with. */
export interface ToolActionsOptions {
  readonly runtime: IAgentRuntime;
  /** Makes an action that tells no more of its tool than the name. */
  readonly make: (name: string, similes: readonly string[]) => Action;
  /** Other names by which models know a tool; defaults to none. */
  readonly aliases?: ((tool: CatalogTool) => readonly string[]) | undefined;
}

/**
 * The actions that tools have become. elizaOS runs the first action whose name is the same without case and underscores, and
 * failing that any whose name contains the other: `delete` would run `notes__delete_all`. Here a name is taken at its word.
 */
export class ToolActions {
  readonly #options: ToolActionsOptions;
  /** Every name that was taken up; those that could not become an action have none. */
  readonly #taken = new Map<string, { readonly tool: MessageTool; readonly action: Action } | undefined>();
  readonly #loose = new Map<string, Set<MessageTool>>();
  #isFull = false;

  constructor(options: ToolActionsOptions) {
    this.#options = options;
  }

  /** The tool of exactly this name. */
  get(name: string): MessageTool | undefined {
    return this.#taken.get(name)?.tool;
  }

  /** The tool that is meant by a name; without regard to case and underscores where that means one tool only. */
  find(name: string): MessageTool | undefined {
    const [found, ...others] = this.#loose.get(loosely(name)) ?? [];
    return this.get(name) ?? (others.length === 0 ? found : undefined);
  }

  /** Makes actions of the tools that have none yet, each of which tells the name alone. */
  add(tools: Iterable<MessageTool>): void {
    if (this.#isFull) return;
    const added = [...tools].filter(({ tool }) => !this.#taken.has(tool.name));
    const others = added.length === 0 ? new Map<string, string>() : this.#ofOthers();
    for (const one of added) {
      if (this.#taken.size >= maxNames) {
        this.#isFull = true;
        return this.#warn(
          `${maxNames} tools have become actions; what servers list beyond them is left out.`,
        );
      }
      const { name } = one.tool;
      const other = others.get(loosely(name));
      this.#taken.set(name, other === undefined ? { tool: one, action: this.#made(one) } : undefined);
      if (other === undefined) continue;
      const names = `${quote(name)} and ${quote(other)}`;
      this.#warn(`elizaOS does not tell the actions ${names} apart; the tool is left out.`);
    }
  }

  /** Has the actions tell what everybody may read of their tools. */
  describe(tools: Iterable<MessageTool>): void {
    for (const { tool } of tools) {
      const action = this.#taken.get(tool.name)?.action;
      const description = tool.description ?? tool.title ?? tool.name;
      if (action !== undefined) Object.assign(action, { description, parameters: actionParameters(tool) });
    }
  }

  #made(one: MessageTool): Action {
    const { runtime, make, aliases } = this.#options;
    const { name } = one.tool;
    const similes = aliases?.(one.tool) ?? [];
    for (const known of [name, ...similes]) {
      const same = this.#loose.get(loosely(known)) ?? new Set<MessageTool>();
      this.#loose.set(loosely(known), same.add(one));
    }
    const action = make(name, similes);
    runtime.registerAction(action);
    return action;
  }

  /** The actions of other plugins, which elizaOS would run for these, by their names as it compares them. */
  #ofOthers(): ReadonlyMap<string, string> {
    const others = this.#options.runtime.actions.filter(({ name }) => this.get(name) === undefined);
    return new Map(others.map(({ name }) => [loosely(name), name]));
  }

  #warn(text: string): void {
    this.#options.runtime.logger.warn(text);
  }
}

/** A name as elizaOS compares names. */
export function loosely(name: string): string {
  return name.toLowerCase().replaceAll("_", "");
}

/** Up to three of the names that a model may have meant. */
export function namesLike(asked: string, names: Iterable<string>): readonly string[] {
  const given = loosely(asked);
  const near = (one: string) => loosely(one).includes(given) || given.includes(loosely(one));
  return [...names].filter(near).slice(0, 3);
}
