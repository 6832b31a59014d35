import {
  type AbortableOptions,
  type Credential,
  type CredentialEvent,
  type CredentialKey,
  type CredentialRequest,
  type Scope,
  type ServerId,
} from "@tenantry/core";
import type { Grant } from "../grants/grant.ts";
import { Grants } from "../grants/grants.ts";
import { isOver } from "../grants/failure.ts";
import type { Listener } from "../listeners.ts";
import { Authorizations } from "./authorization.ts";
import { AskingServers, askedOf, nonceOf, wantsMore, type Asked } from "./challenge.ts";
import { Clients } from "./clients.ts";
import { Completion, type AuthorizationCallback } from "./completion.ts";
import { Discovery } from "./discovery.ts";
import { Flows, type FlowOwner } from "./flows.ts";
import { GrantCredentials, grantGeneration } from "./grant-credential.ts";
import { GrantDemands, type Demand } from "./grant-demands.ts";
import {
  grantStatus,
  type Authorized,
  type Disconnected,
  type GrantStatus,
  type OAuthProvider,
  type PersonAtServer,
  type Withdrawn,
} from "./oauth-provider.ts";
import type { OAuthParts } from "./parts.ts";
import { personOf } from "./person.ts";
import { Places, type ServerPlace } from "./places.ts";
import { Refreshing } from "./refreshing.ts";
import { Retirement } from "./retirement.ts";
import { Settlement } from "./settlement.ts";
import { StepUps } from "./step-ups.ts";
import { tracedResolve } from "./traced-resolve.ts";
import { Wish } from "./wish.ts";

/** Resolves grants to credentials, and the lack of one to the page on which it is granted. */
export class GrantProvider implements OAuthProvider {
  readonly #parts: OAuthParts;
  readonly #grants: Grants;
  readonly #retirement: Retirement;
  readonly #authorizations: Authorizations;
  readonly #completion: Completion;
  readonly #credentials: GrantCredentials;
  readonly #places: Places;
  readonly #asking: AskingServers;
  readonly #demands: GrantDemands;
  readonly #stepUps: StepUps;
  #closing: Promise<void> | undefined;

  constructor(parts: OAuthParts) {
    const { http, clock, store, sealer, options } = parts;
    const { maxServersKnown: max, metadataTtlMs: ttlMs, maxFlowsKnown, maxStepUps } = options.limits;
    const flows = new Flows(store, sealer, options.slot, options.limits.maxOpenFlows);
    const discovery = new Discovery(http, clock, options.limits, options);
    const clients = new Clients(parts);
    this.#parts = parts;
    this.#retirement = new Retirement(parts, discovery, clients);
    this.#grants = new Grants({
      store,
      sealer,
      clock,
      limits: options.grantLimits,
      surplus: (grant, there) => this.#retirement.add({ grant, unused: Promise.resolve() }, there),
    });
    this.#authorizations = new Authorizations(parts, discovery, clients, flows);
    this.#asking = new AskingServers(clock, { max, ttlMs });
    this.#demands = new GrantDemands(options.slot, this.#authorizations, this.#asking);
    this.#stepUps = new StepUps(clock, { max: maxFlowsKnown, ttlMs, maxTimes: maxStepUps });
    const settlement = new Settlement(parts, this.#grants, this.#retirement);
    this.#completion = new Completion(parts, discovery, clients, flows, settlement);
    this.#credentials = new GrantCredentials(clock);
    this.#places = new Places(options, new Refreshing(parts, discovery, clients));
  }

  resolve(request: CredentialRequest): Credential | undefined | Promise<Credential | undefined> {
    return tracedResolve(request, () => this.#resolve(request));
  }

  watch(listener: Listener<CredentialEvent>): Disposable {
    return this.#grants.watch(({ kind, key, subject }) => {
      const { workspace, user, server } = key;
      if (user === undefined) return undefined;
      const scope: Scope = Object.freeze({ share: "user", workspace, user });
      return listener(
        Object.freeze({ kind: kind === "ended" ? "revoked" : "replaced", scope, server, subject }),
      );
    });
  }

  async finishAuthorization(callback: AuthorizationCallback): Promise<Authorized> {
    const { flow, grant, kept } = await this.#completion.complete(callback);
    if (flow.stepUp && kept.subject === grant.subject) this.#stepUps.add(flow.principal, flow.server);
    return Object.freeze({ server: flow.server, scopes: kept.scopes });
  }

  async withdraw({ principal, server }: FlowOwner): Promise<Withdrawn> {
    this.#stepUps.forget(principal, server);
    await this.#authorizations.end({ principal, server });
    this.#completion.leave({ principal, server });
    const taken = await this.#grants.take(this.#keyOf(principal, server));
    if (taken === undefined) return Object.freeze({ removed: false, revoke: () => Promise.resolve(false) });
    return Object.freeze({
      removed: true,
      revoke: (options: AbortableOptions = {}) => this.#retirement.revokeTaken(taken, options),
    });
  }

  async disconnect({ signal, ...person }: PersonAtServer): Promise<Disconnected> {
    signal?.throwIfAborted();
    const { removed, revoke } = await this.withdraw(person);
    return Object.freeze({ removed, revoked: await revoke({ signal }) });
  }

  async status({ principal, server }: PersonAtServer): Promise<GrantStatus> {
    return grantStatus(await this.#grants.current(this.#keyOf(principal, server)));
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #resolve(request: CredentialRequest): Credential | undefined | Promise<Credential | undefined> {
    const { server, scope, rejected } = request;
    const place = this.#places.of(server);
    const key = place.keyOf(scope);
    if (rejected !== undefined) return this.#renew(request, rejected, place, key);
    const given = this.#grants.fresh(key, new Wish(request, place));
    if (given instanceof Promise) return this.#wait(given, request, place);
    const credential = given && this.#credentials.of(given, place);
    return credential ?? this.#without(request, place, given);
  }

  async #wait(
    given: Promise<Grant | undefined>,
    request: CredentialRequest,
    place: ServerPlace,
  ): Promise<Credential | undefined> {
    let grant: Grant | undefined;
    try {
      grant = await given;
    } catch (failure) {
      if (!isOver(failure)) throw failure;
      const before = await this.#grants.current(place.keyOf(request.scope));
      const asked = this.#asking.get(request.server);
      throw await this.#demands.of(request, place, {
        asked,
        grant: before,
        there: before,
        looksAgain: false,
      });
    }
    return (grant && this.#credentials.of(grant, place)) ?? this.#without(request, place, grant);
  }

  /** No grant: nothing is sent once it is known that the server wants one. */
  async #without(
    request: CredentialRequest,
    place: ServerPlace,
    there: Grant | undefined,
  ): Promise<Credential | undefined> {
    const asked = this.#asking.get(request.server);
    if (asked === undefined && !this.#parts.options.required) return undefined;
    throw await this.#demands.of(request, place, { asked, there, looksAgain: false });
  }

  /** The server has refused a request, with a grant or without. */
  async #renew(
    request: CredentialRequest,
    { generation: refused, challenge }: NonNullable<CredentialRequest["rejected"]>,
    place: ServerPlace,
    key: CredentialKey,
  ): Promise<Credential | undefined> {
    const { signal } = request;
    const generation = refused === undefined ? undefined : grantGeneration(refused);
    const asked = askedOf(challenge);
    const known = await this.#grants.current(key);
    const grant = known && place.fits(known) ? known : undefined;
    signal?.throwIfAborted();
    const isRefused = grant !== undefined && grant.generation === generation;
    const nonce = nonceOf(challenge);
    if (isRefused && nonce !== undefined) return this.#credentials.withNonce(grant, place, nonce);
    if (isRefused && wantsMore(challenge)) return this.#stepUp(request, place, grant, asked);
    const demand: Demand = {
      asked: generation === undefined ? asked : this.#asking.withFirst(request.server, asked),
      grant,
      there: known,
      looksAgain: true,
    };
    let fresh: Grant | undefined;
    try {
      fresh = await this.#grants.fresh(key, { ...place.renewal, rejected: generation, signal });
    } catch (failure) {
      if (isOver(failure)) throw await this.#demands.of(request, place, demand);
      throw failure;
    }
    const credential = fresh && this.#credentials.of(fresh, place);
    if (credential !== undefined) return credential;
    throw await this.#demands.of(request, place, demand);
  }

  /** The token may do too little (MCP authorization, "Step-Up Authorization Flow"). */
  async #stepUp(request: CredentialRequest, place: ServerPlace, grant: Grant, asked: Asked): Promise<never> {
    this.#stepUps.check(personOf(request).principal, request, this.#parts.options.slot);
    throw await this.#demands.of(request, place, {
      asked,
      grant,
      there: grant,
      stepUp: asked.scopes,
      looksAgain: false,
    });
  }

  /** What is being finished still needs the grants, and what a refresh brings last may have to be revoked. */
  async #close(): Promise<void> {
    await this.#completion.close();
    await this.#grants.close();
    await this.#retirement.close();
  }

  #keyOf({ workspace, user }: FlowOwner["principal"], server: ServerId): CredentialKey {
    return { workspace, user, server, slot: this.#parts.options.slot };
  }
}
