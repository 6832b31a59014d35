import {
  quote,
  TenantryError,
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
import { Settlement } from "./settlement.ts";
import { unionOf } from "./scopes.ts";
import { StepUps } from "./step-ups.ts";
import { tracedResolve } from "./traced-resolve.ts";
import { Wish } from "./wish.ts";

/** What a request with no usable grant leads to. */
interface Wanting {
  readonly asked: Asked | undefined;
  readonly grant?: Grant | undefined;
  /** What there is, whether it is of use or not. */
  readonly there: Grant | undefined;
  readonly stepUp?: readonly string[];
  readonly looksAgain: boolean;
}

/** Resolves grants to credentials, and the lack of one to the page on which it is granted. */
export class GrantProvider implements OAuthProvider {
  readonly #parts: OAuthParts;
  readonly #grants: Grants;
  readonly #discovery: Discovery;
  readonly #clients: Clients;
  readonly #authorizations: Authorizations;
  readonly #completion: Completion;
  readonly #credentials: GrantCredentials;
  readonly #places: Places;
  readonly #asking: AskingServers;
  readonly #stepUps: StepUps;
  readonly #settlement: Settlement;
  #closing: Promise<void> | undefined;

  constructor(parts: OAuthParts) {
    const { http, clock, store, sealer, options } = parts;
    const { maxServersKnown: max, metadataTtlMs: ttlMs, maxFlowsKnown, maxStepUps } = options.limits;
    const flows = new Flows(store, sealer, options.slot, options.limits.maxOpenFlows);
    this.#parts = parts;
    this.#grants = new Grants({
      store,
      sealer,
      clock,
      limits: options.grantLimits,
      surplus: (...surplus) => this.#settlement.leave(...surplus),
    });
    this.#discovery = new Discovery(http, clock, options.limits, options);
    this.#clients = new Clients(parts);
    this.#authorizations = new Authorizations(parts, this.#discovery, this.#clients, flows);
    this.#settlement = new Settlement(parts, this.#grants, this.#discovery, this.#clients);
    this.#completion = new Completion(parts, this.#discovery, this.#clients, flows, this.#settlement);
    this.#credentials = new GrantCredentials(clock);
    this.#places = new Places(options, new Refreshing(parts, this.#discovery, this.#clients));
    this.#asking = new AskingServers(clock, { max, ttlMs });
    this.#stepUps = new StepUps(clock, { max: maxFlowsKnown, ttlMs, maxTimes: maxStepUps });
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
      revoke: (options: AbortableOptions = {}) => this.#settlement.revokeTaken(taken, options),
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
      throw await this.#authorize(request, place, {
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
    throw await this.#authorize(request, place, { asked, there, looksAgain: false });
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
    const wanting: Wanting = {
      asked: generation === undefined ? asked : this.#union(request, asked),
      grant,
      there: known,
      looksAgain: true,
    };
    let fresh: Grant | undefined;
    try {
      fresh = await this.#grants.fresh(key, { ...place.renewal, rejected: generation, signal });
    } catch (failure) {
      if (isOver(failure)) throw await this.#authorize(request, place, wanting);
      throw failure;
    }
    const credential = fresh && this.#credentials.of(fresh, place);
    if (credential !== undefined) return credential;
    throw await this.#authorize(request, place, wanting);
  }

  /** What is asked for now, with what the server asked for when it was first met. */
  #union({ server }: CredentialRequest, { scopes, ...asked }: Asked): Asked {
    return { ...asked, scopes: unionOf(this.#asking.get(server)?.scopes ?? [], scopes) };
  }

  /** The token may do too little (MCP authorization, "Step-Up Authorization Flow"). */
  async #stepUp(request: CredentialRequest, place: ServerPlace, grant: Grant, asked: Asked): Promise<never> {
    this.#stepUps.check(personOf(request).principal, request, this.#parts.options.slot);
    throw await this.#authorize(request, place, {
      asked,
      grant,
      there: grant,
      stepUp: asked.scopes,
      looksAgain: false,
    });
  }

  /** Makes the error that carries the page on which access is granted, with all that had been granted before. */
  async #authorize(request: CredentialRequest, place: ServerPlace, wanting: Wanting): Promise<TenantryError> {
    const { asked, grant, there, stepUp, looksAgain } = wanting;
    const { principal, server } = personOf(request);
    const { rejected } = request;
    const { slot } = this.#parts.options;
    const wish = {
      principal,
      server,
      after: there?.begunAt,
      url: place.url,
      scopes: unionOf(grant?.scopes ?? [], asked?.scopes ?? []),
      stepUp,
      challenged: asked?.resourceMetadata,
      looksAgain,
    };
    let authorizationUrl: URL;
    try {
      authorizationUrl = await this.#authorizations.begin(wish, { signal: request.signal });
    } catch (failure) {
      // What it asked for leads nowhere, and the next one who is refused may hear something else.
      if (!request.signal?.aborted) this.#asking.delete(request.server);
      throw failure;
    }
    // Only what has led to a page is believed for everybody.
    if (asked && rejected && rejected.generation === undefined) this.#asking.add(request.server, asked);
    const why = stepUp ? "wants more than has been granted" : "has to be granted access to";
    const what = `The server ${quote(server)} ${why}; send the person to authorizationUrl, then call again.`;
    return new TenantryError("AUTHORIZATION_REQUIRED", what, { server, slot, authorizationUrl });
  }

  /** What is being finished still needs the grants, and what a refresh brings last may have to be revoked. */
  async #close(): Promise<void> {
    await this.#completion.close();
    await this.#grants.close();
    await this.#settlement.close();
  }

  #keyOf({ workspace, user }: FlowOwner["principal"], server: ServerId): CredentialKey {
    return { workspace, user, server, slot: this.#parts.options.slot };
  }
}
