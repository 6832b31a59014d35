import { TenantryError, withDetails, type Endpoint, type Era } from "@tenantry/core";
import { isBareRefusal, isUnknownRequest, refusesVersion, wrongEra } from "./era-evidence.ts";
import type { EraVerdicts } from "./era-verdicts.ts";

/** What is known of a connection's era when it is opened. */
export interface EraDoubtOptions {
  readonly endpoint: Endpoint;
  readonly era: Era;
  /** Whether only what was remembered says how to speak to the server, and it has not answered yet. */
  readonly assumed: boolean;
  readonly verdicts: EraVerdicts;
}

/** What the requests of one connection tell about its server's era. */
export class EraDoubt {
  readonly #endpoint: Endpoint;
  readonly #era: Era;
  readonly #verdicts: EraVerdicts;
  #assumed: boolean;

  constructor({ endpoint, era, assumed, verdicts }: EraDoubtOptions) {
    this.#endpoint = endpoint;
    this.#era = era;
    this.#verdicts = verdicts;
    this.#assumed = assumed;
  }

  /** A request was answered: the era is right. */
  answered(): void {
    this.#assumed = false;
  }

  /**
   * Gives what the caller of a failed request gets. A request counts as unread only where that is certain, or where
   * sending it twice does no harm; a tool may have run whatever the status of its answer.
   */
  revise(failure: unknown, method: string): unknown {
    const era = this.#era;
    if (!isServerError(failure)) return failure;
    // A server that is modern by definition is not asked, so that another connection would find out nothing else.
    if (era === "modern" && this.#endpoint.era !== undefined) return failure;
    if (refusesVersion(failure, era)) {
      this.#verdicts.drop(this.#endpoint);
      return wrongEra(failure);
    }
    if (!this.#isStrange(failure, method)) return failure;
    if (this.#assumed) this.#verdicts.drop(this.#endpoint);
    // A server that was rolled back is found out by the next connection.
    if (method === "tools/call") return withDetails(failure, { delivery: "unknown", recover: "reconnect" });
    return this.#assumed ? wrongEra(failure) : withDetails(failure, { recover: "reconnect" });
  }

  #isStrange(failure: TenantryError, method: string): boolean {
    if (this.#era === "legacy") return this.#assumed && isBareRefusal(failure);
    return isBareRefusal(failure) || (this.#assumed && isUnknownRequest(method, failure));
  }
}

function isServerError(failure: unknown): failure is TenantryError {
  return failure instanceof TenantryError && failure.code === "SERVER_ERROR";
}
