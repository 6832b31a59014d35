import { addressCases } from "./hostile/addresses.ts";
import { bodyCases } from "./hostile/bodies.ts";
import type { HostileCase } from "./hostile/case.ts";
import { floodCases } from "./hostile/floods.ts";
import { listCases } from "./hostile/lists.ts";
import { overloadCases } from "./hostile/overload.ts";
import { patternCases } from "./hostile/patterns.ts";
import { redirectCases } from "./hostile/redirects.ts";
import { slowCases } from "./hostile/slow.ts";
import { stdioCases } from "./hostile/stdio.ts";
import { valueCases } from "./hostile/values.ts";

export type { HostileCase, HostilePlan, HostileServer, HostileStep } from "./hostile/case.ts";
export type {
  HostileClient,
  HostileCommand,
  HostileLimits,
  HostileSession,
  HostileTarget,
  HostileUrl,
  Surroundings,
} from "./hostile/client.ts";
export { confront } from "./hostile/confront.ts";
export type { ConfrontOptions } from "./hostile/confront.ts";
export type { FailureSummary, HostileOutcome, StepOutcome } from "./hostile/outcome.ts";
export type { HostileOptions } from "./hostile/scene.ts";
export type { HostileRecord, HostileRequest } from "./hostile/stage.ts";

/** Every way of being hostile that concerns a client, by number. */
export const hostileCases: readonly HostileCase[] = [
  ...addressCases,
  ...redirectCases,
  ...bodyCases,
  ...valueCases,
  ...slowCases,
  ...listCases,
  ...patternCases,
  ...floodCases,
  ...overloadCases,
  ...stdioCases,
];
