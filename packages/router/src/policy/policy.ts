import type { JsonObject, Principal, ServerId } from "@tenantry/core";
import type { Glob } from "./glob.ts";
import type { Hints } from "./hints.ts";

/** What a policy decides about. */
export type GuardedKind = "tool" | "prompt" | "resource" | "resourceTemplate";

/** What a policy is asked: whether somebody may see something (`list`) or use it (`call`). */
export interface PolicyRequest {
  readonly phase: "list" | "call";
  readonly principal: Principal;
  /** What the host says that this user is. */
  readonly roles: readonly string[];
  readonly server: ServerId;
  readonly kind: GuardedKind;
  /** The server's own name of a tool or a prompt, a resource's URI or a template's. */
  readonly name: string;
  /** What a server whose annotations are trusted says of the tool; empty for any other. Absent: not known yet. */
  readonly annotations?: Hints | undefined;
  /** What a tool or a prompt is given; absent in a list. */
  readonly arguments?: JsonObject | undefined;
}

/**
 * Decides for the host; only `true` allows. What it throws or rejects with is a denial, which the tracing channel
 * `tenantry:router:policy` tells with its cause. It is asked about what a server has: in discovery, before there is a
 * user, and of a server as a whole, rules alone decide.
 */
export type PolicyFunction = (request: PolicyRequest) => boolean | Promise<boolean>;

/** A function that is asked once the tool's annotations are known, for which its server's list may have to be read. */
export interface PolicyDecider {
  readonly decide: PolicyFunction;
  /** Defaults to `false`: the function is asked at once, and annotations may be absent. */
  readonly annotations?: boolean | undefined;
}

/** A condition on one argument. */
export interface ArgumentCondition {
  /** The argument's name, or the way to it through objects and lists. */
  readonly path: string | readonly (string | number)[];
  /** It is this value. */
  readonly equals?: Scalar | undefined;
  /** It is one of these. */
  readonly oneOf?: readonly Scalar[] | undefined;
  /** It is none of these, or absent. */
  readonly noneOf?: readonly Scalar[] | undefined;
  /** Whether it is there. */
  readonly present?: boolean | undefined;
}

/** A value of an argument that can be compared. */
export type Scalar = string | number | boolean | null;

/**
 * What a rule is about: all that is given has to hold, and of a list one. One that names no tool, resource or prompt is
 * about all of them, and one with `annotations` or `arguments` about tools.
 */
export interface PolicyRule {
  readonly workspace?: Glob | readonly Glob[] | undefined;
  readonly user?: Glob | readonly Glob[] | undefined;
  /** One of the user's roles. */
  readonly role?: Glob | readonly Glob[] | undefined;
  readonly server?: Glob | readonly Glob[] | undefined;
  /** The server's own name of a tool. */
  readonly tool?: Glob | readonly Glob[] | undefined;
  /** A resource's URI as it is written, or a template's. Where there is a policy, nobody reads one with dot segments. */
  readonly resource?: Glob | readonly Glob[] | undefined;
  /** The server's own name of a prompt. */
  readonly prompt?: Glob | readonly Glob[] | undefined;
  /**
   * What the tool is declared to be. What a server says is taken for true only where its definition has
   * `trust: { annotations: true }`; of everything else the worst is assumed: it fulfils no `allow` and every `deny`.
   */
  readonly annotations?: Hints | undefined;
  /** At a call. A list shows what some arguments would be allowed for. */
  readonly arguments?: readonly ArgumentCondition[] | undefined;
}

/** Rules without an order: what one of `deny` is about is denied, whatever else there is. */
export interface PolicyRules {
  readonly allow?: readonly PolicyRule[] | undefined;
  readonly deny?: readonly PolicyRule[] | undefined;
  /** What becomes of the rest; defaults to `deny` where there is `allow`, and to `allow` otherwise. */
  readonly default?: "allow" | "deny" | undefined;
}

/** Who may see and use what. Of several, every one has to allow it. */
export type Policy = PolicyRules | PolicyFunction | PolicyDecider | readonly SinglePolicy[];

/** One of several policies. */
export type SinglePolicy = PolicyRules | PolicyFunction | PolicyDecider;
