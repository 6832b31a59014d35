import type { Questions, Unanswered } from "./questions.ts";
import type { IsolationScenarioName } from "./report.ts";
import type { Scene } from "./scene.ts";

/** Something that two users go through together. */
export interface Scenario {
  readonly name: IsolationScenarioName;
  /** Gives why it showed nothing; `undefined` where what it is about has happened. What crosses is in the scene. */
  run(scene: Scene, ask: Questions): Promise<Unanswered>;
}
