import type { ServerId } from "./id.ts";
import type { Json } from "./json.ts";

/**
 * What can be approved of a server: how it is reached (`launch`), what it says that it is (`identity`: its name, version
 * and instructions), and each of its tools and prompts.
 */
export type ApprovalKind = "launch" | "identity" | "tool" | "prompt";

/** Something that is approved, or has to be. */
export interface ApprovalAddress {
  readonly server: ServerId;
  readonly kind: ApprovalKind;
  /** The server's own name of a tool or a prompt; empty for `launch` and `identity`. */
  readonly name: string;
}

/** One place in which a definition differs from the approved one. What a server wrote there is cut, and untrusted. */
export interface DefinitionChange {
  /** The keys and indices that lead to it; empty for the whole. */
  readonly path: readonly (string | number)[];
  readonly kind: "added" | "removed" | "changed";
  /** Absent where it was added. More than 1,024 characters of JSON are given as text, cut there. */
  readonly before?: Json;
  /** Absent where it was removed; cut as `before` is. */
  readonly after?: Json;
}

/** Why something waits for approval. */
export interface ApprovalNeeded extends ApprovalAddress {
  /** The SHA-256 of what would be approved, in hexadecimal; absent where it has no canonical form and cannot be. */
  readonly hash?: string;
  /** The one that is approved; absent: none is. */
  readonly approved?: string;
  /** How the two differ, at most 64 places; none where nothing is approved. */
  readonly changes: readonly DefinitionChange[];
}
