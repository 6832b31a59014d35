import { setTimeout as sleep } from "node:timers/promises";

/** What keeps this process awake beside what did `before`, once what was closed has had a moment to go. */
export async function leftAwake(before: readonly string[]): Promise<readonly string[]> {
  for (let look = 1; ; look++) {
    const left = beside(before, process.getActiveResourcesInfo());
    if (left.length === 0 || look === maxLooks) return left;
    await sleep(lookEveryMs);
  }
}

const maxLooks = 10;
const lookEveryMs = 50;

function beside(before: readonly string[], now: readonly string[]): readonly string[] {
  const known = [...before];
  return now.filter((kind) => {
    const index = known.indexOf(kind);
    if (index >= 0) known.splice(index, 1);
    return index < 0;
  });
}
