export { checkIsolation, isolationScenarios } from "./isolation/check-isolation.ts";
export type { CheckIsolationOptions } from "./isolation/check-isolation.ts";
export type {
  Crossing,
  CrossingKind,
  IsolationReport,
  IsolationResult,
  IsolationScenarioName,
} from "./isolation/report.ts";
export type { IsolationHost, IsolationSubject, OpenSubject } from "./isolation/subject.ts";
