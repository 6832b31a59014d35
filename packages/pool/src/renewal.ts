import { SharedFlight } from "@tenantry/core";

/** What a renewal gave, and whether it was this caller's own question. */
export interface Renewed<T> {
  readonly result: T;
  readonly own: boolean;
}

/**
 * The one re-resolution of a refused generation, shared by all whose request was refused with it. Its result
 * is kept for those who come late; its failure is not, so that the next caller asks again.
 */
export class Renewal<T> {
  #current: { readonly generation: string; readonly flight: SharedFlight<T> } | undefined;

  /** Joins the renewal of `generation`, or starts it. */
  async join(
    generation: string,
    start: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<Renewed<T>> {
    const known = this.#current;
    const joins = known?.generation === generation && !known.flight.abandoned;
    const { flight } = joins ? known : this.#start(generation, start);
    return { result: await flight.join({ signal }), own: !joins };
  }

  #start(generation: string, start: (signal: AbortSignal) => Promise<T>) {
    const forget = (failure: unknown): never => {
      if (this.#current === renewal) this.#current = undefined;
      throw failure;
    };
    const renewal = { generation, flight: new SharedFlight((signal) => start(signal).catch(forget)) };
    return (this.#current = renewal);
  }
}
