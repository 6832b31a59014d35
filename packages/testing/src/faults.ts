/** What goes wrong with a request. */
export type Fault =
  /** It is answered with this instead, for example a 503 with `retry-after`, or a 200 with a body that is not JSON. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** It is sent to another URL; the status defaults to 307. */
  | { readonly kind: "redirect"; readonly to: URL; readonly status?: 301 | 302 | 303 | 307 | 308 }
  /** It is answered with 200 and a body that never ends: `chunk` again and again; defaults to spaces. */
  | {
      readonly kind: "endless";
      readonly headers?: Readonly<Record<string, string>>;
      readonly chunk?: string;
    }
  /** It waits this long, in milliseconds, and then goes on to the next fault, or to the server. */
  | { readonly kind: "delay"; readonly ms: number }
  /** It gets no answer: none ever, a destroyed socket, or an event stream that ends without a message. */
  | { readonly kind: "hang" | "reset" | "endStream"; readonly afterWork?: boolean };

/** Which requests a fault meets; what is left out does not matter. */
export interface FaultFilter {
  /** The user that the request's key belongs to. */
  readonly user?: string;
  /** The HTTP method. */
  readonly method?: string;
  /** The JSON-RPC method, such as `initialize`. */
  readonly rpc?: string;
  /** The tool that is called. */
  readonly tool?: string;
  /** How many requests it meets; defaults to all until it is taken back. */
  readonly times?: number;
}

/** The faults of one server; they can be switched at any time and hold for requests that arrive later. */
export interface Faults<Filter = FaultFilter> {
  /**
   * Adds a fault for the requests that match; dispose of what it gives to take it back. Of several that match,
   * the one added first wins; delays add up. With `afterWork` the server does its work first and the answer is lost.
   */
  add(fault: Fault, filter?: Filter): Disposable;
  /** Takes all faults back; requests that already met one stay as they are. */
  clear(): void;
}

/** The faults of one server, with the view of the server itself. */
export class ActiveFaults<
  Filter extends { readonly times?: number } = FaultFilter,
> implements Faults<Filter> {
  readonly #active = new Set<{ readonly fault: Fault; readonly filter: Partial<Filter>; left: number }>();

  add(fault: Fault, filter: Partial<Filter> = {}): Disposable {
    const entry = { fault, filter, left: filter.times ?? Number.POSITIVE_INFINITY };
    this.#active.add(entry);
    return { [Symbol.dispose]: () => void this.#active.delete(entry) };
  }

  clear(): void {
    this.#active.clear();
  }

  /** Takes what meets this request: any number of delays, and at most one other fault, at the end. */
  take(request: Readonly<Record<Exclude<keyof Filter, "times">, unknown>>): readonly Fault[] {
    const met: Fault[] = [];
    for (const entry of this.#active) {
      if (!matches(entry.filter, request)) continue;
      if (--entry.left <= 0) this.#active.delete(entry);
      met.push(entry.fault);
      if (entry.fault.kind !== "delay") break;
    }
    return met;
  }
}

function matches(filter: object, request: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(filter).every(
    ([name, value]) => name === "times" || value === undefined || request[name] === value,
  );
}
