/** Who a browser belongs to, as the host's own session says. */
export interface Visitor {
  readonly workspace: string;
  readonly user: string;
  /** The conversation, where the user's calls name one. */
  readonly session?: string | undefined;
}

/** Tells whose browser sends a request; `undefined`: nobody's that the host knows. */
export type Identify = (request: Request) => Visitor | undefined | Promise<Visitor | undefined>;
