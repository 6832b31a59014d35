import { namedBy } from "@tenantry/core";
import type {
  CredentialProvider,
  CredentialRequest,
  ErrorCode,
  Route,
  RolledBack,
  RouteStatus,
  Scope,
  Share,
  ServerRef,
  Target,
  Upstream,
} from "@tenantry/core";
import type { RoutedServer } from "../routing.ts";
import { choose, positionOf, shareOf, type Choice } from "./choice.ts";
import { Outcomes, type Outcome, type OutcomeLimits } from "./outcomes.ts";

/** One of several ways to a server, ready to be taken. */
export type UpstreamParts = Pick<RoutedServer, "ref" | "upstream" | "credentials" | "discovery">;

/** A server that is reached in several ways. */
export interface SwitchedRoute {
  /** Its digest names all of the ways together; each has its own beside. */
  readonly ref: ServerRef;
  readonly share: Share;
  readonly timeoutMs?: number;
  readonly trustsAnnotations?: boolean;
  readonly launch?: string;
  readonly upstreams: ReadonlyMap<string, UpstreamParts>;
  /** Where calls go unless the workspace says something else. */
  readonly route: Route;
}

/** Where the calls of one workspace to one server go, and where they went before. */
export interface RouteState {
  readonly now: Route;
  /** What it goes back to by itself where an upstream fails that gets more calls than before; absent: it does not. */
  readonly before?: Route | undefined;
  /** When it was set, in milliseconds since the Unix epoch. */
  readonly since: number;
  readonly rolledBack?: RolledBack | undefined;
}

/** When a route is taken back by itself. */
export interface RollBackLimits extends OutcomeLimits {
  /** For how long a route is new, in milliseconds. */
  readonly cutOverMs: number;
}

/** What a switch is made of. */
export interface SwitchParts {
  readonly server: SwitchedRoute;
  readonly state: RouteState;
  readonly limits: RollBackLimits;
  /** Is told when the switch has taken back the route that was tried. */
  readonly onRolledBack: (way: UpstreamSwitch, tried: RouteState) => void;
}

/**
 * The upstreams of one server in one workspace, and which of them each call takes. Calls that have begun are not concerned
 * by a change: they have a connection. A route that fails while it is new is taken back once, and stays back.
 */
export class UpstreamSwitch implements Upstream {
  readonly server: SwitchedRoute;
  readonly #limits: RollBackLimits;
  readonly #onRolledBack: SwitchParts["onRolledBack"];
  readonly #positions = new WeakMap<Scope, number>();
  readonly #targets = new WeakMap<Target, Map<string, Target>>();
  /** Which upstream the servers of those targets are, for whoever is asked for their credentials. */
  readonly #names = new WeakMap<ServerRef, string>();
  #outcomes = new Map<string, Outcomes>();
  #state: RouteState;

  constructor({ server, state, limits, onRolledBack }: SwitchParts) {
    this.server = server;
    this.#limits = limits;
    this.#onRolledBack = onRolledBack;
    this.#state = state;
  }

  get state(): RouteState {
    return this.#state;
  }

  /** The digest of what one of the upstreams is. */
  digestOf(name: string): string {
    return this.#parts(name).ref.digest;
  }

  /**
   * Where a call for this scope goes that begins at `at`, in milliseconds since the Unix epoch. While a route is new, what it
   * newly leads somewhere is led where it went before, if it surely was not run there.
   */
  choice(scope: Scope, at: number): Choice {
    const { now, before } = this.#state;
    if (before === undefined && typeof now === "string") return { first: now };
    const position = this.#positionOf(scope);
    const choice = choose(now, position);
    if (choice.fallback !== undefined || before === undefined || !this.watches(choice.first, at))
      return choice;
    const { first } = choose(before, position);
    return first === choice.first ? choice : { first: choice.first, fallback: first };
  }

  /** The state with another route. What it goes back to by itself is what there was before the first step in its direction. */
  changedTo(now: Route, since: number): RouteState {
    const { now: current, before } = this.#state;
    const grown = namedBy(now).filter((name) => shareOf(now, name) > shareOf(current, name));
    if (grown.length === 0) return { now, since };
    const goesOn =
      before !== undefined && grown.every((name) => shareOf(before, name) < shareOf(current, name));
    return { now, before: goesOn ? before : current, since };
  }

  /** What a principal is told of the route. */
  status(scope: Scope): RouteStatus {
    const { now, rolledBack } = this.#state;
    const upstream = this.#first(scope);
    return Object.freeze({ route: now, upstream, ...(rolledBack && { rolledBack }) });
  }

  /** The target as it is at one of the upstreams. */
  at(name: string, target: Target): Target {
    let known = this.#targets.get(target);
    if (known === undefined) this.#targets.set(target, (known = new Map()));
    const found = known.get(name);
    if (found !== undefined) return found;
    const { ref, upstream } = this.#parts(name);
    // Whoever asks may have marked the digest, and two marks are two connections here as well.
    const digest = ref.digest + target.server.digest.slice(this.server.ref.digest.length);
    const server = Object.freeze({ ...ref, digest });
    this.#names.set(server, name);
    const made: Target = Object.freeze({ ...target, server, upstream });
    known.set(name, made);
    return made;
  }

  /** Whether it matters at `at`, in milliseconds since the Unix epoch, how work at an upstream ends: its share is new. */
  watches(name: string, at: number): boolean {
    const { now, before, since } = this.#state;
    if (before === undefined || at - since >= this.#limits.cutOverMs) return false;
    return shareOf(now, name) > shareOf(before, name);
  }

  /** Counts how work at an upstream ended, which {@link watches} tells to matter. */
  tell(name: string, outcome: Outcome): void {
    const tried = this.#state;
    const { before } = tried;
    if (before === undefined || !this.watches(name, outcome.at)) return;
    const outcomes = this.#outcomes.get(name) ?? new Outcomes(this.#limits);
    this.#outcomes.set(name, outcomes);
    const reason = outcomes.add(outcome);
    if (reason !== undefined) this.#rollBack(tried, before, { at: outcome.at, reason });
  }

  endpoint(...[scope, options]: Parameters<Upstream["endpoint"]>): ReturnType<Upstream["endpoint"]> {
    return this.#parts(this.#first(scope)).upstream.endpoint(scope, options);
  }

  /** Asks the credentials of the upstream that it is for, or would be for now; absent where none has any. */
  credentials(): CredentialProvider | undefined {
    return this.#provider(({ credentials }) => credentials);
  }

  /** How lists are read before there is a user; absent unless that holds for every upstream. */
  discovery(): RoutedServer["discovery"] {
    if ([...this.server.upstreams.values()].some(({ discovery }) => discovery === undefined))
      return undefined;
    const credentials = this.#provider(({ discovery }) => discovery?.credentials);
    return Object.freeze(credentials === undefined ? {} : { credentials });
  }

  #provider(of: (parts: UpstreamParts) => CredentialProvider | undefined): CredentialProvider | undefined {
    if ([...this.server.upstreams.values()].every((parts) => of(parts) === undefined)) return undefined;
    return Object.freeze({
      resolve: (request: CredentialRequest) => {
        const name = this.#names.get(request.server) ?? this.#first(request.scope);
        const parts = this.#parts(name);
        return of(parts)?.resolve({ ...request, server: parts.ref });
      },
    });
  }

  #rollBack(tried: RouteState, before: Route, { at, reason }: { at: number; reason: ErrorCode }): void {
    const rolledBack = Object.freeze({ from: tried.now, at, reason });
    this.#outcomes = new Map();
    this.#state = Object.freeze({ now: before, since: at, rolledBack });
    this.#onRolledBack(this, tried);
  }

  #first(scope: Scope): string {
    const { now } = this.#state;
    return typeof now === "string" ? now : choose(now, this.#positionOf(scope)).first;
  }

  #parts(name: string): UpstreamParts {
    const parts = this.server.upstreams.get(name);
    if (parts === undefined) throw new TypeError("A route names an upstream that there is not.");
    return parts;
  }

  #positionOf(scope: Scope): number {
    const known = this.#positions.get(scope);
    if (known !== undefined) return known;
    const position = positionOf(scope, this.server.ref.id);
    this.#positions.set(scope, position);
    return position;
  }
}
