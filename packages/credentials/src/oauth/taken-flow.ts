import type { CredentialStore, JsonObject, Row } from "@tenantry/core";
import { despiteConflicts } from "../conflicts.ts";
import type { FlowRow } from "./flows.ts";

type FlowStore = Pick<CredentialStore, "flows">;

/**
 * A flow that one caller in all processes is finishing. Its row stays until that is over: whoever disconnects or is erased
 * meanwhile takes it away, and then what came of it is nobody's.
 */
export class TakenFlow {
  readonly #store: FlowStore;
  readonly #row: FlowRow;
  /** When its row ends by itself: later than the flow does where finishing it may take longer. */
  readonly #until: number;
  readonly name: string;

  private constructor(store: FlowStore, row: FlowRow, name: string, until: number) {
    this.#store = store;
    this.#row = row;
    this.name = name;
    this.#until = until;
  }

  /**
   * Takes a flow under a name until `until`; `undefined` where somebody has, or where it is over. Who does not know whether
   * it was taken takes it once more, under the same name.
   */
  static async take(
    store: FlowStore,
    row: FlowRow,
    { name, until: least }: { readonly name: string; readonly until: number },
  ): Promise<TakenFlow | undefined> {
    const until = Math.max(row.expiresAt, least);
    const isDone = await change(store, row, (value) => {
      if ("taken" in value && value["taken"] !== name) return undefined;
      return { value: { ...value, taken: name }, expiresAt: until };
    });
    return isDone ? new TakenFlow(store, row, name, until) : undefined;
  }

  /** Whether nobody has ended it. */
  async isOpen(): Promise<boolean> {
    const row: Row | undefined = await this.#store.flows.get(this.#row.key);
    return row !== undefined && (row.value as JsonObject)["taken"] === this.name;
  }

  /** Whether somebody has ended it, and not its time. */
  async wasEnded(now: number): Promise<boolean> {
    return now < this.#until && !(await this.isOpen());
  }

  /** Lets it be finished another time, where nothing has become of it now. */
  async putBack(): Promise<void> {
    await change(this.#store, this.#row, ({ taken, ...value }) =>
      taken === this.name ? { value, expiresAt: this.#row.expiresAt } : undefined,
    );
  }

  /** Ends it; `false` where somebody has ended it before. */
  end(): Promise<boolean> {
    return change(this.#store, this.#row, ({ taken }) => (taken === this.name ? "delete" : undefined));
  }
}

type Change = { readonly value: JsonObject; readonly expiresAt: number } | "delete" | undefined;

/** Changes a flow's row as `decide` says; `false` where it is not there, or is not to be changed. */
async function change(
  { flows }: FlowStore,
  { key }: FlowRow,
  decide: (value: JsonObject) => Change,
): Promise<boolean> {
  return despiteConflicts(async () => {
    const row: Row | undefined = await flows.get(key);
    const next = row && decide(row.value as JsonObject);
    if (row === undefined || next === undefined) return false;
    const { version: ifVersion } = row;
    if (next === "delete") await flows.delete(key, { ifVersion });
    else await flows.put(key, next.value, { ifVersion, expiresAt: next.expiresAt });
    return true;
  });
}
