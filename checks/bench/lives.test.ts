import { expect, it } from "vitest";
import { live } from "./lives.ts";

it(
  "leaves no process, descriptor, timer or handle after 25 cycles and 10 kills",
  { timeout: 60_000 },
  async () => {
    const { before, after, ...times } = await live({ cycles: 25, kills: 10, concurrency: 4 });
    expect(after).toEqual(before);
    expect([before.processes, before.timers]).toEqual([0, 0]);
    expect([times.closeMs.length, times.reapMs.length]).toEqual([25, 10]);
  },
);
