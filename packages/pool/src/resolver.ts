import {
  isThenable,
  raceAbort,
  TenantryError,
  type Challenge,
  type Clock,
  type Context,
  type Credential,
  type CredentialProvider,
  type Target,
} from "@tenantry/core";
import { StaleList, type Stale } from "./caps/stale-list.ts";
import type { Demand } from "./demand.ts";
import { providerTimedOut } from "./failure.ts";
import { Revocations } from "./revocations.ts";
import type { Selection } from "./selection.ts";

/** A credential as it was at one moment. */
export interface Resolved {
  readonly credential: Credential | undefined;
  /** What the credential is known by, whatever becomes of the object; absent where there is none. */
  readonly subject: string | undefined;
  readonly generation: string | undefined;
  /** Counts resolutions in the order of their answers, so that a late caller does not bring an old credential back. */
  readonly order: number;
  /** How many revocations there had been when it was asked for. */
  readonly asOf: number;
}

/** For whom, and for what, a credential is resolved. */
export interface Asking {
  readonly target: Target;
  readonly context: Context;
}

/** A credential that the server refused, and what it said. */
export interface Rejected {
  /** Absent where the refused request carried none. */
  readonly generation?: string;
  readonly challenge?: Challenge;
}

/** Resolves credentials, numbers the answers, and ends what is under way when the pool does. */
export class Resolver {
  readonly #pending = new Set<Question>();
  readonly #times: StaleList<Question>;
  readonly #revocations = new Revocations();
  #answers = 0;
  #ended: Error | undefined;

  /** No answer is waited for longer than `timeoutMs`. */
  constructor(clock: Clock, timeoutMs: number) {
    this.#times = new StaleList({ clock, timeoutMs, expire: (question) => question.expire(timeoutMs) });
  }

  /**
   * Resolves what the target's server accepts from its scope, at once where the provider can. Throws or rejects as the
   * provider does, with `CREDENTIAL_INVALID` where its answer is no credential, `TIMEOUT` where there is none in
   * time, or with the reason of `signal` or of the pool's end.
   */
  resolve(
    asking: Asking,
    signal: AbortSignal | undefined,
    rejected?: Rejected,
  ): Resolved | Promise<Resolved> {
    const asOf = this.#revocations.count;
    if (asking.target.credentials === undefined) return this.#resolved(undefined, asOf);
    const question = new Question(asking, signal, rejected);
    let answer: Answer;
    try {
      answer = question.ask();
      if (isThenable(answer)) return this.#wait(question, answer, asOf);
    } catch (failure) {
      question.leave();
      throw failure;
    }
    question.leave();
    return this.#resolved(answer, asOf);
  }

  /** Whether what was resolved for this target may have been revoked since it was asked for. */
  isStale({ subject, asOf }: Resolved, target: Target): boolean {
    return this.#revocations.concern(asOf, target, subject);
  }

  /** How many revocations there have been. */
  get revocations(): number {
    return this.#revocations.count;
  }

  /** Whether the user who asks for a connection that others share was revoked since. */
  isRevoked({ target, principal, asOf }: Pick<Demand, "target" | "principal" | "asOf">): boolean {
    return principal !== undefined && this.#revocations.concernGuest(asOf, target, principal);
  }

  /** Makes stale what is selected and was asked for before. */
  revoke(selection: Selection): void {
    this.#revocations.add(selection);
  }

  /** Ends what is under way, and everything that would start later. */
  end(reason: Error): void {
    this.#ended ??= reason;
    for (const question of this.#pending) question.end(reason);
  }

  #resolved(answer: Credential | null | undefined, asOf: number): Resolved {
    // Some say `null` for none.
    const credential = answer ?? undefined;
    // Read once: a provider may keep one object, and bring it up to date.
    const { subject, generation }: Partial<Credential> = credential ?? noCredential;
    if (credential !== undefined && (typeof subject !== "string" || typeof generation !== "string"))
      throw nameless();
    return { credential, subject, generation, order: ++this.#answers, asOf };
  }

  async #wait(
    question: Question,
    answer: PromiseLike<Credential | undefined>,
    asOf: number,
  ): Promise<Resolved> {
    if (this.#ended) question.end(this.#ended);
    this.#pending.add(question);
    const place = this.#times.append(question);
    try {
      return this.#resolved(await question.race(Promise.resolve(answer)), asOf);
    } finally {
      this.#pending.delete(question);
      this.#times.remove(place);
      question.leave();
    }
  }
}

const noCredential: Partial<Credential> = Object.freeze({});

function nameless(): TenantryError {
  const what = "The provider gave a credential without a subject or a generation, each a string";
  return new TenantryError("CREDENTIAL_INVALID", `${what}; correct its resolve().`);
}

type Answer = ReturnType<CredentialProvider["resolve"]>;

/** One question to a provider. Its signal is made for whoever looks at it: most providers answer at once and do not. */
class Question implements Stale {
  dueAt = 0;
  readonly #asking: Asking;
  readonly #signal: AbortSignal | undefined;
  readonly #rejected: Rejected | undefined;
  /** Made for whoever looks at the signal; it then follows the caller's own. */
  #end: AbortController | undefined;
  #follow: (() => void) | undefined;

  constructor(asking: Asking, signal: AbortSignal | undefined, rejected: Rejected | undefined) {
    this.#asking = asking;
    this.#signal = signal;
    this.#rejected = rejected;
  }

  ask(): Answer {
    const { target, context } = this.#asking;
    const { scope, server, credentials } = target;
    const signal = () => this.#ending().signal;
    // An accessor of the object's own, so that copies of the request hold the signal too.
    return this.#rejected === undefined
      ? credentials?.resolve({
          scope,
          server,
          context,
          get signal() {
            return signal();
          },
        })
      : credentials?.resolve({
          scope,
          server,
          context,
          rejected: this.#rejected,
          get signal() {
            return signal();
          },
        });
  }

  race(answer: Promise<Credential | undefined>): Promise<Credential | undefined> {
    return raceAbort(answer, this.#ending().signal);
  }

  end(reason: unknown): void {
    this.#ending().abort(reason);
  }

  expire(timeoutMs: number): void {
    this.end(providerTimedOut(this.#asking.target.server.id, timeoutMs));
  }

  leave(): void {
    if (this.#follow !== undefined) this.#signal?.removeEventListener("abort", this.#follow);
  }

  #ending(): AbortController {
    if (this.#end !== undefined) return this.#end;
    const end = (this.#end = new AbortController());
    const signal = this.#signal;
    if (signal === undefined) return end;
    const follow = (this.#follow = () => end.abort(signal.reason));
    if (signal.aborted) follow();
    signal.addEventListener("abort", follow, { once: true });
    return end;
  }
}
