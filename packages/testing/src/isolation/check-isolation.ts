import type { Era } from "@tenantry/core";
import { Questions } from "./questions.ts";
import type { IsolationReport, IsolationResult, IsolationScenarioName } from "./report.ts";
import type { Scenario } from "./scenario.ts";
import { cancel } from "./scenarios/cancel.ts";
import { error } from "./scenarios/error.ts";
import { eviction } from "./scenarios/eviction.ts";
import { listChanged } from "./scenarios/list-changed.ts";
import { reconnect } from "./scenarios/reconnect.ts";
import { refresh } from "./scenarios/refresh.ts";
import { rotation } from "./scenarios/rotation.ts";
import { sameTick } from "./scenarios/same-tick.ts";
import { sequential } from "./scenarios/sequential.ts";
import { startScene } from "./scene.ts";
import type { IsolationSubject } from "./subject.ts";
import { within } from "./within.ts";

/** How much is checked, and how long it may take. */
export interface CheckIsolationOptions {
  /** Defaults to both. */
  readonly eras?: readonly Era[];
  /** Defaults to {@link isolationScenarios}. */
  readonly scenarios?: readonly IsolationScenarioName[];
  /**
   * How long a user waits for one answer, in milliseconds; one scenario takes 12 times as long at most, and closing it
   * twice as long. Defaults to 5,000.
   */
  readonly timeoutMs?: number;
}

const all: readonly Scenario[] = Object.freeze([
  sequential,
  sameTick,
  refresh,
  rotation,
  listChanged,
  reconnect,
  cancel,
  error,
  eviction,
]);

/** Every scenario, in the order in which they are run. */
export const isolationScenarios: readonly IsolationScenarioName[] = Object.freeze(
  all.map(({ name }) => name),
);

/**
 * Puts a subject through every scenario in every era, each with a server and keys of its own, and tells what crossed
 * between its users. Never throws for the subject's doing; what a subject leaves open, its server ends.
 */
export async function checkIsolation(
  subject: IsolationSubject,
  options: CheckIsolationOptions = {},
): Promise<IsolationReport> {
  const { eras = bothEras, scenarios = isolationScenarios, timeoutMs = 5_000 } = options;
  const results: IsolationResult[] = [];
  for (const era of eras)
    for (const scenario of all)
      if (scenarios.includes(scenario.name)) results.push(await play(subject, scenario, { era, timeoutMs }));
  return Object.freeze({ subject: subject.name, results: Object.freeze(results) });
}

const bothEras: readonly Era[] = ["legacy", "modern"];

async function play(
  subject: IsolationSubject,
  scenario: Scenario,
  options: { readonly era: Era; readonly timeoutMs: number },
): Promise<IsolationResult> {
  const { era, timeoutMs } = options;
  const about = { scenario: scenario.name, era };
  if (subject.eras?.includes(era) === false)
    return Object.freeze({
      ...about,
      verdict: "not applicable",
      reason: `it does not speak the ${era} era`,
      crossings: [],
    });
  const scene = await startScene(subject, options);
  const maxMs = timeoutMs * 12;
  const playing = (async () => (await scene.open()) ?? scenario.run(scene, new Questions(scene)))();
  const played = playing.catch((failure: unknown) => `it could not be played: ${scene.describe(failure)}`);
  const reason = await within(maxMs, played, `it had not ended after ${maxMs} ms`);
  // What was asked and given up may still cross until everything is closed.
  await scene.close();
  const { crossings } = scene;
  if (crossings.length > 0) return Object.freeze({ ...about, verdict: "red", crossings });
  if (reason === undefined) return Object.freeze({ ...about, verdict: "green", crossings });
  return Object.freeze({ ...about, verdict: "not applicable", reason, crossings });
}
