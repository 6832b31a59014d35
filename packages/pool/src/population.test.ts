import { expect, it } from "vitest";
import { settle } from "../test/fake-connector.ts";
import { startPool } from "../test/start-pool.ts";
import { stepClock } from "../test/step-clock.ts";
import { Population } from "./population.ts";

const never = () => new Promise<void>(() => {});

function start() {
  const clock = stepClock();
  const population = new Population<string>(clock);
  /** A member that has ended now; settles as `ending` does. */
  const end = (member: string, ending: Promise<void>) => {
    population.add(member);
    population.ended(member, ending);
  };
  /** What {@link Population.settled} comes to; `undefined` as long as it waits. */
  const settling = () => {
    const outcome: { is?: unknown } = {};
    const told = (is: unknown) => void (outcome.is = is);
    void population.settled([]).then(() => told("settled"), told);
    return outcome;
  };
  return { clock, population, end, settling };
}

it("keeps nothing for longer than 30 s, whatever never ends", async () => {
  const { clock, population, end, settling } = start();
  end("ada", never());
  clock.step(10_000);
  end("bob", never());
  population.stopped(never());
  expect([...population.ending]).toEqual(["ada", "bob"]);
  clock.step(20_000);
  expect([...population.ending]).toEqual(["bob"]);
  clock.step(10_000);
  expect([...population.ending]).toEqual([]);
  expect(clock.pending).toBe(0);
  population.close();
  const outcome = settling();
  await settle();
  expect(outcome.is).toBe("settled");
});

it("leaves no timer where everything ends", async () => {
  const { clock, population, end } = start();
  for (let times = 0; times < 10; times++) {
    end(`${times}`, Promise.resolve());
    population.stopped(Promise.resolve());
  }
  await settle();
  expect([[...population.ending], clock.pending]).toEqual([[], 0]);
});

it("tells of what has failed while everything ends, however long that takes", async () => {
  const { clock, population, end, settling } = start();
  const early = Promise.withResolvers<void>();
  const late = Promise.withResolvers<void>();
  end("early", early.promise);
  end("late", late.promise);
  clock.step(30_000);
  population.close();
  early.reject(new Error("early"));
  await settle();
  clock.step(60_000);
  end("at last", never());
  const outcome = settling();
  late.reject(new Error("late"));
  clock.step(30_000);
  await settle();
  expect(outcome.is).toMatchObject({ errors: [{ message: "early" }, { message: "late" }] });
  expect(clock.pending).toBe(0);
});

it("a pool whose connections never close is closed as fast as one that has none", async () => {
  const { run, clock, pool } = startPool({}, { hangs: true });
  for (let user = 0; user < 20; user++)
    await run(async (connection) => void (connection.closing = never()), { user: `${user}` });
  // When they have been idle for long enough they are closed, and 30 s later given up.
  clock.step(300_000);
  clock.step(30_000);
  let isClosed = false;
  const closing = pool.close().then(() => (isClosed = true));
  await settle();
  expect(isClosed).toBe(true);
  await closing;
});
