/** Who a browser belongs to, as the host's own session says; it knows nothing of conversations. */
export interface Visitor {
  readonly workspace: string;
  readonly user: string;
}

/** Tells whose browser sends a request; `undefined` or `null`: nobody's that the host knows. */
export type Identify = (request: Request) => Visitor | null | undefined | Promise<Visitor | null | undefined>;
