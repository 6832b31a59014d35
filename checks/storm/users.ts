import type { Tenantry, WorkspaceClient } from "tenantry";
import { nameOf, tokenOf, type Person } from "./people.ts";
import type { Step } from "./plan.ts";

/** What a host application knows of its users: whose token is at which generation, and the clients it has at hand. */
export class Users {
  readonly #generations = new Map<string, number>();
  readonly #clients = new Map<string, WorkspaceClient>();

  /** The token that a user has now. */
  tokenOf(person: Person): string {
    return tokenOf({ ...person, generation: this.#generationOf(person) });
  }

  /** Gives a user another token. */
  rotate(person: Person): void {
    this.#generations.set(nameOf(person), this.#generationOf(person) + 1);
  }

  /** The client for a step: one that is at hand, or a new one. */
  clientFor(tenantry: Tenantry, step: Step): WorkspaceClient {
    const { workspace, user, conversation, renews, lags } = step;
    const generation = Math.max(0, this.#generationOf(step) - (lags ? 1 : 0));
    const key = JSON.stringify([workspace, user, conversation, generation]);
    const known = this.#clients.get(key);
    if (known !== undefined && !renews) return known;
    const address = conversation === "" ? user : { user, session: conversation };
    const client = tenantry
      .workspace(workspace)
      .as(address, { token: tokenOf({ workspace, user, generation }) });
    this.#clients.set(key, client);
    return client;
  }

  #generationOf(person: Person): number {
    return this.#generations.get(nameOf(person)) ?? 0;
  }
}
