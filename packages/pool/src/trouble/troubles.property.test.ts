import fc from "fast-check";
import { TenantryError, type Origin, type ServerId } from "@tenantry/core";
import { expect, it } from "vitest";
import { stepClock } from "../../test/step-clock.ts";
import type { PoolKey } from "../keys.ts";
import type { Admission } from "./admission.ts";
import type { TroubleLimits } from "./limits.ts";
import type { BreakEvent, Trouble } from "./trouble.ts";
import { Troubles } from "./troubles.ts";

const limits: Omit<TroubleLimits, "breakerThreshold"> = {
  breakerBaseMs: 10,
  breakerMaxMs: 40,
  breakerStableMs: 100,
  maxHoldMs: 150,
  maxTroubles: 100,
  maxTroublesPerUser: 10_000,
};
const principals = ["ada", "bob", "eve"];
const servers = [
  { server: "files", origin: "https://one.example" },
  { server: "mail", origin: "https://one.example" },
  { server: "notes", origin: "https://two.example" },
  { server: "child", origin: undefined },
] as const;
const outcomes = ["opened", "answered", "broken", "refused", "busy", "left"] as const;
type Outcome = (typeof outcomes)[number];

const failures = {
  broken: new TenantryError("CONNECT_FAILED", "no"),
  refused: new TenantryError("UNAUTHORIZED", "no", { status: 401, delivery: "refused" }),
  busy: new TenantryError("SERVER_UNAVAILABLE", "no", { status: 429, retryAfterMs: 25 }),
};

/** One attempt; `began` numbers what happens in a world. */
interface Attempt {
  readonly place: Place;
  readonly generation: string;
  readonly admission: Admission;
  readonly began: number;
}

/** A target with what the model knows of it. */
interface Place {
  readonly principal: string;
  readonly server: string;
  readonly trouble: Trouble;
  readonly own: BreakerModel;
  readonly shared: BreakerModel | undefined;
  readonly credentials: Map<string, BreakerModel>;
  /** The one generation that is counted. */
  counted: string | undefined;
  heldUntil: number;
}

interface Entry {
  readonly kind: "entered" | "worked" | "broke" | "left" | "opened";
  readonly nth: number;
  readonly at: number;
  readonly by: string;
  readonly attempt?: Attempt;
  readonly delayMs?: number;
}

/** A breaker as a log of what happened to it, from which everything is found out anew each time. */
class BreakerModel {
  readonly #isForSeveral: boolean;
  readonly #log: Entry[] = [];

  constructor(isForSeveral = false) {
    this.#isForSeveral = isForSeveral;
  }

  add(entry: Entry): void {
    this.#log.push(entry);
  }

  /** What happened since it opened; `undefined` where it is closed. */
  #sinceOpened(): Entry[] | undefined {
    const turn = this.#log.findLastIndex(({ kind }) => kind === "opened" || kind === "worked");
    return this.#log[turn]?.kind === "opened" ? this.#log.slice(turn) : undefined;
  }

  #probe(
    now: number,
  ): { readonly entry: Entry; readonly again: boolean; readonly until: number } | undefined {
    const log = this.#sinceOpened() ?? [];
    const probes = log.filter(({ kind }) => kind === "entered");
    const entry = probes.at(-1);
    const isOver = log.some(({ kind, attempt }) => kind !== "entered" && attempt === entry?.attempt);
    const until = (entry?.at ?? 0) + capMs(this.rung());
    if (entry === undefined || isOver || until <= now) return undefined;
    return { entry, again: probes.at(-2)?.by === entry.by, until };
  }

  isClosed(): boolean {
    return this.#sinceOpened() === undefined;
  }

  isLate({ began }: Attempt): boolean {
    return began < (this.#log.findLast(({ kind }) => kind === "opened")?.nth ?? 0);
  }

  heeds(attempt: Attempt): boolean {
    if (this.isLate(attempt)) return false;
    // A probe that took too long is the probe still, until another one is.
    const lastProbe = this.#sinceOpened()?.findLast(({ kind }) => kind === "entered");
    return this.isClosed() || lastProbe?.attempt === attempt;
  }

  waitMs(by: string, now: number): number {
    const log = this.#sinceOpened();
    if (log === undefined) return 0;
    if (log.every(({ kind }) => kind !== "entered")) {
      const { at, delayMs = 0 } = log[0]!;
      return Math.max(0, at + delayMs - now);
    }
    const probe = this.#probe(now);
    if (probe === undefined || (probe.again && probe.entry.by !== by)) return 0;
    return Math.min(limits.breakerBaseMs, probe.until - now);
  }

  /** The failures that count. */
  streak(): Entry[] {
    const start = this.#log.findLastIndex(({ kind }) => kind === "worked");
    const opened = this.#log.findLastIndex(({ kind }) => kind === "opened");
    // Opening it takes the failure that opened it along.
    const broke = this.#log.slice(Math.max(start + 1, opened - 1, 0)).filter(({ kind }) => kind === "broke");
    if (!this.isClosed()) return broke;
    const gap = broke.findLastIndex(
      (entry, i) => i > 0 && entry.at - broke[i - 1]!.at >= limits.breakerStableMs,
    );
    return gap < 0 ? broke : broke.slice(gap);
  }

  rung(): number {
    let rung = -1;
    let workedAt: number | undefined;
    for (const { kind, at } of this.#log) {
      if (kind === "worked" && rung >= 0) workedAt ??= at;
      if (kind === "opened" && (rung < 0 || capMs(rung) < limits.breakerMaxMs)) rung++;
      if (kind !== "broke") continue;
      if (workedAt !== undefined && at - workedAt >= limits.breakerStableMs) rung = -1;
      workedAt = undefined;
    }
    return rung;
  }

  /** Whether the failure that was added last opens it. */
  mustOpen(threshold: number): boolean {
    const streak = this.streak();
    const isMixed = new Set(streak.map(({ by }) => by)).size > 1;
    return (!this.isClosed() || streak.length >= threshold) && (isMixed || !this.#isForSeveral);
  }
}

function capMs(rung: number): number {
  return Math.min(limits.breakerMaxMs, limits.breakerBaseMs * 2 ** Math.max(0, rung));
}

function world(breakerThreshold: number, draws: readonly number[]) {
  const clock = stepClock();
  const events: BreakEvent[] = [];
  let drawn = 0;
  const random = () => draws[drawn++ % draws.length]!;
  const troubles = new Troubles({
    limits: { ...limits, breakerThreshold },
    clock,
    random,
    onBreak: (event) => void events.push(event),
  });
  const origins = new Map(servers.map(({ origin }) => [origin, new BreakerModel(true)]));
  const places: Place[] = principals.flatMap((principal) => {
    const ways = new Map<string, BreakerModel>();
    return servers.map(({ server, origin }) => {
      const own = ways.get(origin ?? server) ?? new BreakerModel();
      ways.set(origin ?? server, own);
      const key = JSON.stringify([principal, server]) as PoolKey;
      const target = {
        poolKey: key,
        way: origin ?? key,
        principal,
        server: server as ServerId,
        origin: origin as Origin,
      };
      const trouble = troubles.of(target);
      const known = {
        own,
        shared: origin && origins.get(origin),
        credentials: new Map<string, BreakerModel>(),
      };
      return { principal, server, trouble, ...known, counted: undefined, heldUntil: 0 };
    });
  });
  let nth = 0;
  const note = (model: BreakerModel | undefined, kind: Entry["kind"], by: string, attempt: Attempt) =>
    model?.add({ kind, nth: ++nth, at: clock.now(), by, attempt });

  /** What a caller hears who begins now: a code and how long to wait, or nothing. */
  const expected = (
    { principal, own, shared, credentials, heldUntil, counted }: Place,
    generation: string,
  ) => {
    const now = clock.now();
    const refusedMs = counted === generation ? credentials.get(generation)!.waitMs(principal, now) : 0;
    if (refusedMs > 0) return ["UNAUTHORIZED", refusedMs];
    const waits = [own.waitMs(principal, now), shared?.waitMs(principal, now) ?? 0, heldUntil - now];
    return Math.max(...waits) > 0 ? ["SERVER_UNAVAILABLE", Math.max(...waits)] : undefined;
  };

  const begin = (place: Place, generation: string): Attempt | undefined => {
    const { principal, trouble, own, shared, credentials, counted } = place;
    const refusal = expected(place, generation);
    let admission: Admission;
    try {
      admission = trouble.admit(generation);
    } catch (error) {
      const { code, retryAfterMs, server, retryable, delivery } = error as TenantryError;
      expect([code, retryAfterMs]).toEqual(refusal);
      expect([server, retryable, delivery]).toEqual([place.server, true, "unsent"]);
      return undefined;
    }
    expect(refusal).toBeUndefined();
    const attempt = { place, generation, admission, began: ++nth };
    for (const model of [own, shared])
      if (model?.isClosed() === false) note(model, "entered", principal, attempt);
    const credential = counted === generation ? credentials.get(generation) : undefined;
    if (credential?.isClosed() === false) note(credential, "entered", principal, attempt);
    return attempt;
  };

  /** Takes a failure down; the breaker opens in the model as it has opened in truth, where it must. */
  const broke = (
    model: BreakerModel,
    attempt: Attempt,
    event: Partial<BreakEvent>,
    threshold = breakerThreshold,
  ) => {
    const { principal, server } = attempt.place;
    note(model, "broke", principal, attempt);
    if (!model.mustOpen(threshold)) return false;
    model.add({
      kind: "opened",
      nth: ++nth,
      at: clock.now(),
      by: principal,
      delayMs: events[0]?.delayMs ?? -1,
    });
    const rung = model.rung();
    expect(events.splice(0)).toEqual([
      { server, rung, delayMs: expect.any(Number), last: capMs(rung) === limits.breakerMaxMs, ...event },
    ]);
    return true;
  };

  const works = (model: BreakerModel | undefined, attempt: Attempt) => {
    if (model && !model.isLate(attempt)) note(model, "worked", attempt.place.principal, attempt);
  };
  const leaves = (model: BreakerModel | undefined, attempt: Attempt) =>
    model?.isClosed() === false && note(model, "left", attempt.place.principal, attempt);

  const wayBroke = (attempt: Attempt) => {
    const { principal, own, shared } = attempt.place;
    if (shared?.heeds(attempt) === false) return leaves(own, attempt);
    const wasClosed = shared?.isClosed() ?? true;
    if (shared && broke(shared, attempt, { scope: "transport" })) return leaves(own, attempt);
    if (own.heeds(attempt)) broke(own, attempt, { scope: "transport", principal }, wasClosed ? undefined : 1);
  };

  const credentialBroke = (attempt: Attempt) => {
    const { place, generation } = attempt;
    const { credentials, principal, counted } = place;
    if (counted !== generation) {
      if (counted !== undefined && credentials.get(counted)!.isLate(attempt)) return;
      place.counted = generation;
      credentials.set(generation, new BreakerModel());
    }
    const model = credentials.get(generation)!;
    if (model.heeds(attempt)) broke(model, attempt, { scope: "authorization", principal });
  };

  const hold = ({ place }: Attempt) => {
    const wasHeld = place.heldUntil > clock.now();
    place.heldUntil = Math.max(place.heldUntil, clock.now() + 25);
    if (wasHeld) return;
    expect(events.splice(0)).toEqual([
      {
        scope: "retry-after",
        server: place.server,
        principal: place.principal,
        rung: 0,
        delayMs: 25,
        last: false,
      },
    ]);
  };

  const end = (attempt: Attempt, outcome: Outcome) => {
    const { place, admission, generation } = attempt;
    const { trouble, own, shared, credentials, counted } = place;
    const credential = counted === undefined ? undefined : credentials.get(counted);
    if (outcome === "left") trouble.left(admission);
    else if (outcome === "opened" || outcome === "answered")
      trouble.succeeded(admission, outcome === "opened" ? "opening" : "calling");
    else trouble.failed(admission, failures[outcome], "calling", generation);
    if (outcome === "broken") wayBroke(attempt);
    else for (const model of [own, shared]) (outcome === "left" ? leaves : works)(model, attempt);
    if (outcome === "refused") credentialBroke(attempt);
    else if (outcome === "answered") works(credential, attempt);
    else if (outcome !== "opened") leaves(credential, attempt);
    if (outcome === "busy") hold(attempt);
    expect(events).toEqual([]);
  };

  /** Whatever happened, somebody may try after a while, and in the end nothing is left. */
  const finish = () => {
    for (const { trouble } of places) {
      clock.step(Math.max(limits.maxHoldMs, limits.breakerMaxMs));
      trouble.left(trouble.admit("g0"));
    }
    for (const { trouble } of places) troubles.drop(trouble);
    clock.step(2 * (limits.breakerStableMs + limits.maxHoldMs));
    expect([troubles.size, clock.pending]).toEqual([0, 0]);
  };

  return { clock, places, begin, end, finish };
}

const begins = {
  kind: fc.constant("begin" as const),
  place: fc.nat(principals.length * servers.length - 1),
  generation: fc.constantFrom("g0", "g1"),
};
const ends = { kind: fc.constant("end" as const), index: fc.nat(20) };
const command = fc.oneof(
  { arbitrary: fc.record(begins), weight: 6 },
  { arbitrary: fc.record({ ...ends, outcome: fc.constantFrom<Outcome>("broken", "refused") }), weight: 5 },
  { arbitrary: fc.record({ ...ends, outcome: fc.constantFrom(...outcomes) }), weight: 2 },
  {
    arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(1, 5, 10, 20, 40, 100) }),
    weight: 2,
  },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

it("refuses, admits and tells what a log of all that happened says, and is empty in the end", () => {
  const draws = fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { minLength: 1 });
  const commands = fc.array(command, { minLength: 20, maxLength: 120, size: "max" });
  const run = (threshold: number, draws: readonly number[], commands: readonly Command[]) => {
    const { clock, places, begin, end, finish } = world(threshold, draws);
    const attempts: Attempt[] = [];
    for (const command of commands) {
      switch (command.kind) {
        case "begin": {
          const attempt = begin(places[command.place]!, command.generation);
          if (attempt) attempts.push(attempt);
          break;
        }
        case "end": {
          const [attempt] = attempts.splice(command.index % Math.max(1, attempts.length), 1);
          if (attempt) end(attempt, command.outcome);
          break;
        }
        case "pass":
          clock.step(command.ms);
      }
    }
    finish();
  };
  fc.assert(fc.property(fc.constantFrom(2, 3), draws, commands, run), { numRuns: 1_000 });
});
