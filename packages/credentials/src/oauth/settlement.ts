import { TenantryError, withDetails } from "@tenantry/core";
import type { Grant } from "../grants/grant.ts";
import type { Grants, Replaced } from "../grants/grants.ts";
import { unfinishable } from "./callback.ts";
import type { Clients } from "./clients.ts";
import type { Discovery } from "./discovery.ts";
import type { Flow } from "./flows.ts";
import type { OAuthParts } from "./parts.ts";
import { Retirement } from "./retirement.ts";
import { revokeGrant } from "./revocation.ts";

/** What becomes of the grants that flows have come to, and of those in whose place they are. */
export class Settlement {
  readonly #parts: OAuthParts;
  readonly #grants: Grants;
  readonly #discovery: Discovery;
  readonly #clients: Clients;
  readonly #retirement = new Retirement((grant) => this.revoke(grant));

  constructor(parts: OAuthParts, grants: Grants, discovery: Discovery, clients: Clients) {
    this.#parts = parts;
    this.#grants = grants;
    this.#discovery = discovery;
    this.#clients = clients;
  }

  /**
   * Writes a grant before its flow is ended: whoever disconnects or is erased takes away the flow first, or both at once,
   * so that what is written too late is seen to be nobody's, and is revoked.
   */
  async keep(
    { principal, server, slot }: Flow,
    grant: Grant,
    isStillOpen: () => Promise<boolean>,
  ): Promise<void> {
    const { workspace, user } = principal;
    const key = { workspace, user, server, slot };
    let replaced: Replaced | undefined;
    try {
      replaced = await this.#grants.put(key, grant);
      if (!(await isStillOpen())) throw unfinishable();
    } catch (failure) {
      await this.#grants.remove(key, grant.subject).catch(() => {});
      await this.revoke(grant);
      // The code has been used up.
      throw failure instanceof TenantryError ? withDetails(failure, { retryable: false }) : failure;
    } finally {
      if (replaced !== undefined && !sharesTokens(replaced.grant, grant)) this.#retirement.add(replaced);
    }
  }

  /** Asks a grant's issuer to end it; `false` where that has not said yes. */
  revoke(grant: Grant, signal?: AbortSignal): Promise<boolean> {
    const { http, clock, options } = this.#parts;
    const parts = { http, clock, timeoutMs: options.limits.requestTimeoutMs };
    return revokeGrant({ ...parts, discovery: this.#discovery, clients: this.#clients }, grant, { signal });
  }

  /** Revokes at once what waits to be. */
  close(): Promise<void> {
    return this.#retirement.close();
  }
}

/** Some issuers give a person who grants again the tokens of before, which then have to live on. */
function sharesTokens(before: Grant, now: Grant): boolean {
  const same = before.accessToken.reveal() === now.accessToken.reveal();
  return same || (before.refreshToken?.reveal() ?? "") === now.refreshToken?.reveal();
}
