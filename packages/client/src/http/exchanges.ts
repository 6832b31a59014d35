import { TenantryError } from "@tenantry/core";

/** The exchanges of one connection that are under way, and end when it does. */
export class Exchanges {
  /** There while exchanges are: nearly every connection is at rest. */
  #underWay: Set<AbortController> | undefined;
  #isStopped = false;

  /** Whether the connection begins no exchange any more. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Runs an exchange that {@link end} ends. Throws `CLOSED` after {@link stop}. */
  async within(exchange: AbortController, work: () => Promise<void>): Promise<void> {
    if (this.#isStopped)
      throw new TenantryError(
        "CLOSED",
        "The connection is closed; call again, or create a new instance if this one was closed.",
      );
    this.add(exchange);
    try {
      await work();
    } finally {
      this.delete(exchange);
    }
  }

  /** Counts an exchange among those that {@link end} ends, until {@link delete}. */
  add(exchange: AbortController): void {
    (this.#underWay ??= new Set()).add(exchange);
  }

  delete(exchange: AbortController): void {
    this.#underWay?.delete(exchange);
    if (this.#underWay?.size === 0) this.#underWay = undefined;
  }

  /** Takes nothing more; what is under way goes on. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Takes nothing more, and aborts what is under way. */
  end(): void {
    this.#isStopped = true;
    for (const exchange of this.#underWay ?? []) exchange.abort("The connection was closed.");
  }
}
