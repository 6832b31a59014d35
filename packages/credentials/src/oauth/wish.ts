import type { CredentialRequest } from "@tenantry/core";
import type { FreshOptions, Grant, SendRefresh } from "../grants/grant.ts";
import type { ServerPlace } from "./places.ts";

/** A wish for a grant. The signal is looked at by whoever waits only: most calls are given the grant at once. */
export class Wish implements FreshOptions {
  readonly send: SendRefresh;
  readonly fits: (grant: Grant) => boolean;
  readonly #request: CredentialRequest;

  constructor(request: CredentialRequest, { refresh, fits }: Pick<ServerPlace, "refresh" | "fits">) {
    this.send = refresh;
    this.fits = fits;
    this.#request = request;
  }

  get signal(): AbortSignal | undefined {
    return this.#request.signal;
  }
}
