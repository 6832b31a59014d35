import type { CloseReason } from "./upstream.ts";

/** Which changes a subscriber wants to hear of. */
export interface SubscriptionFilter {
  /** Whether the list of tools changes; so for prompts and resources. Each defaults to `false`. */
  readonly tools?: boolean | undefined;
  readonly prompts?: boolean | undefined;
  readonly resources?: boolean | undefined;
  /** Resources whose content is watched. */
  readonly resourceUris?: readonly string[] | undefined;
}

/** One change at a server. Changes of one kind that come in quick succession are told once. */
export type ServerEvent =
  | { readonly kind: "tools_changed" }
  | { readonly kind: "prompts_changed" }
  | { readonly kind: "resources_changed" }
  | { readonly kind: "resource_updated"; readonly uri: string };

/** What somebody hears of until it is closed. */
export interface Subscription extends AsyncDisposable {
  /** What the server agreed to tell; less than was asked for where it cannot tell more. */
  readonly honored: SubscriptionFilter;
  /** Resolves when nothing more is told: closed by its owner, or lost. */
  readonly closed: Promise<CloseReason>;
  /** Ends it; gives the same promise every time and never rejects. */
  close(): Promise<void>;
}
