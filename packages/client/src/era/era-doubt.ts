import { TenantryError, withDetails, type Endpoint, type Era } from "@tenantry/core";
import { isBareRefusal, isUnknownRequest, refusesVersion, wrongEra } from "./era-evidence.ts";
import type { EraVerdicts } from "./era-verdicts.ts";

/** What is known of a connection's era when it is opened. */
export interface EraDoubtOptions {
  readonly endpoint: Endpoint;
  readonly era: Era;
  /** Whether only a verdict that was remembered says that the server is a modern one. */
  readonly assumed: boolean;
  readonly verdicts: EraVerdicts;
}

/** What the requests of one connection tell about its server's era. */
export class EraDoubt {
  readonly #options: EraDoubtOptions;
  #assumed: boolean;

  constructor(options: EraDoubtOptions) {
    this.#options = options;
    this.#assumed = options.assumed;
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
    const { endpoint, era, verdicts } = this.#options;
    if (endpoint.era !== undefined || !isServerError(failure)) return failure;
    if (refusesVersion(failure)) {
      verdicts.drop(endpoint);
      return wrongEra(failure);
    }
    const isStrange = isBareRefusal(failure) || (this.#assumed && isUnknownRequest(method, failure));
    if (era === "legacy" || !isStrange) return failure;
    if (this.#assumed) verdicts.drop(endpoint);
    // A server that was rolled back is found out by the next connection.
    if (method === "tools/call") return withDetails(failure, { delivery: "unknown", recover: "reconnect" });
    return this.#assumed ? wrongEra(failure) : withDetails(failure, { recover: "reconnect" });
  }
}

function isServerError(failure: unknown): failure is TenantryError {
  return failure instanceof TenantryError && failure.code === "SERVER_ERROR";
}
