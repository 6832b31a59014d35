import type { CredentialRequest } from "@tenantry/core";
import type { FreshOptions, SendRefresh } from "../grants/grant.ts";

/** A wish for a grant. The signal is looked at by whoever waits only: most calls are given the grant at once. */
export class Wish implements FreshOptions {
  readonly send: SendRefresh;
  readonly #request: CredentialRequest;

  constructor(request: CredentialRequest, send: SendRefresh) {
    this.send = send;
    this.#request = request;
  }

  get signal(): AbortSignal | undefined {
    return this.#request.signal;
  }
}
