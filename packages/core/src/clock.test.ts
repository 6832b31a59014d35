import { afterEach, expect, test, vi } from "vitest";
import { systemClock } from "./index.ts";

afterEach(() => vi.restoreAllMocks());

test("the system clock tells the time", () => {
  vi.spyOn(Date, "now").mockReturnValue(42);
  expect(systemClock.now()).toBe(42);
});

test("a timer for which somebody waits keeps the process alive until it fires or is taken back", async () => {
  const set = vi.spyOn(globalThis, "setTimeout");
  const taken = systemClock.after(60_000, () => {}, { keepAlive: true });
  const [timer] = set.mock.results.map(({ value }) => value as NodeJS.Timeout);
  expect(timer?.hasRef()).toBe(true);
  taken.cancel();
  await new Promise<void>((resolve) => void systemClock.after(1, resolve, { keepAlive: true }));
});

test("a timer runs its task once, does not keep the process alive, and can be taken back", async () => {
  const set = vi.spyOn(globalThis, "setTimeout");
  let ran = 0;
  const taken = systemClock.after(1, () => (ran += 100));
  taken.cancel();
  await new Promise<void>((resolve) => {
    const kept = setInterval(() => {}, 1_000);
    systemClock.after(1, () => (ran++, clearInterval(kept), resolve()));
    for (const { value } of set.mock.results) expect((value as NodeJS.Timeout).hasRef()).toBe(false);
  });
  expect(ran).toBe(1);
});
