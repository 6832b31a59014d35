import {
  TenantryError,
  type Clock,
  type Principal,
  type Store,
  type Tool,
  type WorkspaceId,
} from "@tenantry/core";
import { Approvals } from "../approvals/approvals.ts";
import { ApprovalBook } from "../approvals/book.ts";
import { approvalDesk, type ApprovalDesk } from "../approvals/desk.ts";
import { Identities } from "../approvals/identities.ts";
import { approvalModes, type ApprovalMode, type ApprovalModes } from "../approvals/modes.ts";
import type { ServerListing } from "../catalog/server-listing.ts";
import { InterceptorChain } from "../interceptors/chain.ts";
import type { GivenInterceptor } from "../interceptors/interceptor.ts";
import { PolicyGuard } from "../policy/guard.ts";
import { hintsOf, noHints, type Hints } from "../policy/hints.ts";
import type { Policy } from "../policy/policy.ts";
import type { Quota } from "../quotas/quota.ts";
import { Quotas } from "../quotas/quotas.ts";

/** What stands between a workspace's users and its servers. */
export interface GuardOptions {
  /** Who may see and use what; defaults to everybody everything. */
  readonly policy?: Policy | undefined;
  /** What has to be approved; defaults to nothing, and needs a store. */
  readonly approvals?: ApprovalMode | ApprovalModes | undefined;
  /** How often tools may be called; defaults to any number. */
  readonly quotas?: readonly Quota[] | undefined;
  /** What wraps calls, the first outermost; defaults to nothing. */
  readonly interceptors?: readonly GivenInterceptor[] | undefined;
  /** Names where these options stand, for messages; defaults to nothing. */
  readonly at?: string | undefined;
}

/** The slices of a store that guards use. */
export type GuardStore = Pick<Store, "approvals" | "audit" | "counters" | "watch">;

/** Who asks. */
export interface Asker {
  readonly principal: Principal;
  readonly roles: readonly string[];
}

/** The guards of one workspace. */
export interface Guards {
  readonly policy: PolicyGuard;
  readonly quotas: Quotas;
  readonly chain: InterceptorChain;
  /** Absent where nothing has to be approved. */
  readonly approvals: Approvals | undefined;
  readonly identities: Identities;
  /** Whether a call has to pass any of them. */
  readonly areOn: boolean;
  /** What a server's word on its tool is worth: what it declares where it is trusted, and nothing otherwise. */
  hintsOf(listing: ServerListing, tool: Tool): Hints;
}

/** Options that are ready to be used for any workspace. */
interface Compiled extends Pick<Guards, "policy" | "quotas" | "chain"> {
  readonly modeOf: (server: string) => ApprovalMode;
  readonly approves: boolean;
  readonly areOn: boolean;
}

/** The guards of all workspaces of a router. */
export class GuardHouse {
  readonly identities = new Identities();
  readonly #base: GuardOptions;
  readonly #parts: { readonly clock: Clock; readonly store: GuardStore | undefined };
  readonly #book: ApprovalBook | undefined;
  readonly #compiled = new WeakMap<GuardOptions, Compiled>();
  readonly #hints = new WeakMap<Tool, Hints>();

  /** Throws `CONFIG_INVALID`, naming the path of what is wrong. */
  constructor(base: GuardOptions, parts: { readonly clock: Clock; readonly store: GuardStore | undefined }) {
    this.#base = base;
    this.#parts = parts;
    this.#book = parts.store && new ApprovalBook(parts.store, parts.clock);
    this.#compile(base);
  }

  /** The guards of a workspace, with what it has of its own; quotas go on where the same options are given again. */
  of(workspace: WorkspaceId, own: GuardOptions = this.#base): Guards {
    const { modeOf, approves, ...compiled } = this.#compile(own);
    const approvals = approves && this.#book ? new Approvals(this.#book, workspace, modeOf) : undefined;
    return { ...compiled, approvals, identities: this.identities, hintsOf: this.#hintsOf };
  }

  /** Where approvals of a workspace are decided; throws `CONFIG_INVALID` where there is no store. */
  desk(workspace: WorkspaceId): ApprovalDesk {
    if (this.#book !== undefined) return approvalDesk(this.#book, workspace);
    throw new TenantryError("CONFIG_INVALID", "What is approved is kept in a store; give the router one.");
  }

  /** Hears of what others approve no more. */
  close(): void {
    this.#book?.close();
  }

  readonly #hintsOf = ({ server }: ServerListing, tool: Tool): Hints => {
    if (server.trustsAnnotations !== true) return noHints;
    let hints = this.#hints.get(tool);
    if (hints === undefined) this.#hints.set(tool, (hints = hintsOf(tool)));
    return hints;
  };

  #compile(own: GuardOptions): Compiled {
    let compiled = this.#compiled.get(own);
    if (compiled === undefined) this.#compiled.set(own, (compiled = this.#compileAnew(own)));
    return compiled;
  }

  #compileAnew(own: GuardOptions): Compiled {
    const { clock, store } = this.#parts;
    const all = own === this.#base ? [own] : [this.#base, own];
    const given = all.map(({ at, ...options }) => ({ ...options, at: at === undefined ? "" : `${at}.` }));
    const policy = new PolicyGuard(
      given.flatMap(({ policy: one, at }) =>
        one === undefined ? [] : [{ policy: one, path: `${at}policy` }],
      ),
    );
    const quotas = new Quotas(
      given.flatMap(({ quotas: some, at }) =>
        some === undefined ? [] : [{ quotas: some, path: `${at}quotas` }],
      ),
      { clock, store },
    );
    const chain = new InterceptorChain(
      given.flatMap(({ interceptors, at }) =>
        interceptors === undefined ? [] : [{ interceptors, path: `${at}interceptors` }],
      ),
      { clock, audit: store?.audit },
    );
    const approving = given.findLast(({ approvals }) => approvals !== undefined);
    const modeOf = approvalModes(
      approving?.approvals,
      `${approving?.at ?? ""}approvals`,
      store !== undefined,
    );
    const approves = approving !== undefined && approving.approvals !== "off";
    const areOn = approves || policy.isOn || quotas.areOn || chain.wraps || chain.hears;
    return { policy, quotas, chain, modeOf, approves, areOn };
  }
}
