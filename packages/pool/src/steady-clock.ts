import type { Clock } from "@tenantry/core";

/**
 * A clock whose time never goes back. Where the given one is set back, as after a wrong time was put right, this one goes
 * on from the latest moment that it told: what is due stays due, and nobody waits for time to catch up.
 */
export function steadyClock(clock: Clock): Clock {
  let latest = -Infinity;
  let behind = 0;
  const now = (): number => {
    const time = clock.now() + behind;
    if (time < latest) behind += latest - time;
    else latest = time;
    return latest;
  };
  return Object.freeze({ now, after: clock.after.bind(clock) });
}
