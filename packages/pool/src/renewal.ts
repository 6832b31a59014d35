import { SharedFlight } from "@tenantry/core";

/** What was refused: its generation, and when the refused credential was resolved. */
export interface Refused {
  readonly generation: string | undefined;
  readonly order: number;
}

/** What a renewal gave, and whether it was this caller's own question. */
export interface Renewed<T> {
  readonly result: T;
  readonly own: boolean;
}

interface Current<T> {
  readonly generation: string | undefined;
  readonly flight: SharedFlight<T>;
  /** When it was answered. */
  order?: number;
}

/**
 * The one re-resolution of a refused generation, shared by all whose request was refused with it. Its result is kept
 * for those who come late, but not for a credential that was resolved after it: whoever is refused then has found that
 * the result did not help, and asks again. A failure is not kept.
 */
export class Renewal<T extends { readonly order: number }> {
  #current: Current<T> | undefined;

  /** Whether somebody waits for the answer. */
  get isUnderWay(): boolean {
    return (
      this.#current !== undefined && this.#current.order === undefined && !this.#current.flight.abandoned
    );
  }

  /** Joins the renewal of what was refused, or starts it. */
  async join(
    refused: Refused,
    start: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<Renewed<T>> {
    const known = this.#current;
    const joins = known !== undefined && !known.flight.abandoned && answers(known, refused);
    const { flight } = joins ? known : this.#start(refused.generation, start);
    return { result: await flight.join({ signal }), own: !joins };
  }

  #start(generation: string | undefined, start: (signal: AbortSignal) => Promise<T>): Current<T> {
    const resolve = async (signal: AbortSignal): Promise<T> => {
      try {
        const result = await start(signal);
        renewal.order = result.order;
        return result;
      } catch (failure) {
        if (this.#current === renewal) this.#current = undefined;
        throw failure;
      }
    };
    const renewal: Current<T> = { generation, flight: new SharedFlight(resolve) };
    return (this.#current = renewal);
  }
}

function answers({ generation, order = Infinity }: Current<unknown>, refused: Refused): boolean {
  return generation === refused.generation && refused.order < order;
}
