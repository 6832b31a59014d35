import type { Implementation } from "@tenantry/core";
import manifest from "../package.json" with { type: "json" };
import type { TransportOptions } from "./transport.ts";

/** How a client of the official SDK is made, beside its own options. */
export interface OwnOptions extends TransportOptions {
  /** What the client calls itself; it goes to no server. */
  readonly clientInfo?: Implementation | undefined;
}

/** What a client is made of, and what it sees. */
export interface PartedOptions<Sdk> {
  readonly info: Implementation;
  readonly sdk: Omit<Sdk, keyof OwnOptions>;
  readonly seen: TransportOptions;
}

/** What of the options is the SDK's, and what the transport's. Who says what is done with changed lists is told of them. */
export function parted<Sdk extends OwnOptions & { readonly listChanged?: object | undefined }>(
  options: Sdk,
): PartedOptions<Sdk> {
  const { clientInfo: info = own, server, changes, serverInfo, instructions, ...sdk } = options;
  const hears = changes ?? sdk.listChanged !== undefined;
  return { info, sdk, seen: { server, changes: hears, serverInfo, instructions } };
}

/** What a client calls itself that is not told. */
const own: Implementation = Object.freeze({ name: manifest.name, version: manifest.version });
