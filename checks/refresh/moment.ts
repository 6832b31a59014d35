import { setTimeout as sleep } from "node:timers/promises";
import type { Moment } from "./kill-points.ts";
import type { Stop } from "./tap.ts";
import type { Seat, World } from "./world.ts";

/** A moment that somebody waits for. */
export interface Awaited extends Disposable {
  /** Gives the process that has come to it; never, where none does. */
  readonly reached: Promise<Seat>;
}

/** How often the authorization server is looked at, in milliseconds. */
const lookMs = 1;

/** Arranges that the first process which comes to a moment stays there; `usualMs` is how long a refresh takes all in all. */
export function awaitMoment(world: World, moment: Moment, usualMs: number): Awaited {
  const { promise: reached, resolve } = Promise.withResolvers<Seat>();
  switch (moment.kind) {
    case "none":
      return { reached, [Symbol.dispose]: () => {} };
    case "database":
      return { reached, [Symbol.dispose]: disposer(holdFirst(world, moment.stop, resolve)) };
    case "random": {
      const timer = setTimeout(() => resolve(pick(world.seats)), Math.random() * usualMs);
      return { reached, [Symbol.dispose]: () => clearTimeout(timer) };
    }
    case "issuer":
      return { reached, [Symbol.dispose]: disposer(awaitRequest(world, moment, resolve)) };
  }
}

/** Holds the first process that comes to a moment, and lets the others go on. */
function holdFirst({ seats }: World, stop: Omit<Stop, "claim">, reached: (seat: Seat) => void): Disposable {
  let isTaken = false;
  for (const seat of seats) {
    const claim = () => {
      if (isTaken) return false;
      isTaken = true;
      reached(seat);
      return true;
    };
    seat.tap.stop = { ...stop, claim };
  }
  return {
    [Symbol.dispose]: () => {
      for (const { tap } of seats) tap.stop = undefined;
    },
  };
}

/** Lets the next request hang, before or after its work, and finds out whose it is: only who has the lease makes one. */
function awaitRequest(
  { issuer, seats }: World,
  { endpoint, isDone }: Moment & { kind: "issuer" },
  reached: (seat: Seat) => void,
): Disposable {
  const filter = { endpoint, ...(endpoint === "token" && { grantType: "refresh_token" }) };
  const count = () =>
    isDone
      ? issuer.issued.length
      : issuer.requests.filter(
          (request) => request.endpoint === endpoint && request.grantType === filter.grantType,
        ).length;
  const before = count();
  const fault = issuer.faults.add({ kind: "hang", afterWork: isDone }, { ...filter, times: 1 });
  const ended = new AbortController();
  const look = async () => {
    while (!ended.signal.aborted) {
      const sender = count() > before && seats.find(({ tap }) => tap.hasLease);
      if (sender) return reached(sender);
      await sleep(lookMs);
    }
  };
  void look();
  return {
    [Symbol.dispose]: () => {
      fault[Symbol.dispose]();
      ended.abort();
    },
  };
}

/** How many refreshes the authorization server has been asked for, however it answered. */
export function tokenRequests({ issuer }: World): number {
  return issuer.requests.filter(({ grantType }) => grantType === "refresh_token").length;
}

function disposer(disposable: Disposable): () => void {
  return () => disposable[Symbol.dispose]();
}

function pick<T>(all: readonly T[]): T {
  return all[Math.floor(Math.random() * all.length)] as T;
}
