import { stoodStill, type LateMoment } from "./lateness.ts";
import type { SessionRecord } from "./ledger.ts";

/** What became of a session by the end of a run. */
export type Fate =
  | "ended by a DELETE"
  | "lost by their server"
  | "left, because the client was not told of them"
  | "left, because their DELETE met a fault"
  | "left by a machine that was late"
  | "left for no reason";

/** What became of a session, with the reason where its server still has it. */
export function fateOf({ state, told, spared, usedAt }: SessionRecord, late: readonly LateMoment[]): Fate {
  if (state === "ended") return "ended by a DELETE";
  if (state === "lost") return "lost by their server";
  if (!told) return "left, because the client was not told of them";
  if (spared) return "left, because their DELETE met a fault";
  return stoodStill(late, usedAt) ? "left by a machine that was late" : "left for no reason";
}
