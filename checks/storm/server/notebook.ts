import type { Ledger, MetFault } from "../ledger.ts";
import { nameOf, type Person } from "../people.ts";
import type { Fault } from "../weather.ts";

/** What one server writes down while it serves. */
export class Notebook {
  readonly #server: string;
  readonly #crossings: string[] = [];
  readonly #faults: MetFault[] = [];
  readonly #runs = new Map<string, number>();

  constructor(server: string) {
    this.#server = server;
  }

  /** Something of one user's came with something of another's. */
  crossed(what: string): void {
    this.#crossings.push(`${this.#server}: ${what}`);
  }

  /** A tool ran for the call with this nonce. */
  ran(nonce: string): void {
    this.#runs.set(nonce, (this.#runs.get(nonce) ?? 0) + 1);
  }

  /** A request of this person's met a fault. */
  met(person: Person, fault: Fault): void {
    this.#faults.push({ fault, person: nameOf(person), at: Date.now() });
  }

  get notes(): Pick<Ledger, "server" | "crossings" | "runs" | "faults"> {
    const runs = Object.fromEntries(this.#runs);
    return { server: this.#server, crossings: this.#crossings, runs, faults: this.#faults };
  }
}
