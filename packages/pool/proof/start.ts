import type { Seat } from "./cast.ts";
import type { When } from "./facts.ts";
import type { Ticket } from "./fakes/issuer.ts";
import type { Link, Session } from "./fakes/link.ts";

/** One opening, from the wish for its endpoint on. */
export interface Start {
  readonly seat: Seat;
  readonly signal: AbortSignal;
  readonly began: When;
  /** No entry of the pool that it belongs to was made earlier. */
  readonly born: When;
  /** `over` when it has failed or its connection has arrived. */
  phase: "borrowing" | "opening" | "over";
  ticket: Ticket | undefined;
  resume: Session | undefined;
  /** `false` where it may be there only to end a parked session, which looks the same until somebody gets it. */
  isReal: boolean;
  isStopped: boolean;
  /** Whether its endpoint is out. */
  hasEndpoint: boolean;
  link: Link | undefined;
}

/** Whether a start counts as a connection of its seat: it surely is one, and nobody has stopped it. */
export function counts({ phase, isReal, isStopped }: Start): boolean {
  return phase === "opening" && isReal && !isStopped;
}
