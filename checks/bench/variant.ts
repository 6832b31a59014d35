import type { Era } from "@tenantry/core";

/** One way to call a tool. All of them send the same call, with a bearer token. */
export interface Variant {
  readonly name: string;
  /** `floor` and `fetch` are bare requests; `tenantry` is the umbrella, which opens its connections by itself. */
  readonly kind: "floor" | "fetch" | "client" | "tenantry" | "stock" | "peer";
  /** The era that it speaks with a server of both, where that is for the variant to say. */
  readonly era?: Era;
  /** Loads the library and sets it up as a host does once; rejects where that cannot be. */
  start(): Promise<Host>;
}

/** A library that is set up. */
export interface Host {
  /** Opens one connection for one user, whose bearer token defaults to Ada's. */
  open(url: URL, bearerToken?: string): Promise<Link>;
  close(): Promise<unknown>;
}

/** One user's connection. */
export interface Link {
  /** Calls the tool once and gives its result, in whatever shape the library gives it. */
  call(): Promise<unknown>;
  close(): Promise<unknown>;
}

export const eras = ["legacy", "modern"] as const satisfies readonly Era[];
export const call = { name: "echo", arguments: { text: "hello" } };
export const info = { name: "bench", version: "1.0.0" };
export const token = "token-of-ada";
export const authorizationOf = (bearerToken = token) => `Bearer ${bearerToken}`;

/** For a link or a host with nothing to close. */
export const nothing = (): Promise<void> => Promise.resolve();
