export { startFakeServer } from "./fake-server.ts";
export type { FakeServer, FakeServerOptions } from "./fake-server.ts";
export type { Authentication } from "./authentication.ts";
export type { Alter } from "./alter.ts";
export type { ProofUse, TokenAuthentication, TokenIssuer, VerifiedToken } from "./protected-resource.ts";
export { defaultTools } from "./fake-tools.ts";
export type { DefaultToolsOptions, FakeTool, FakeToolContext } from "./fake-tools.ts";
export { notebookTools, startNotebook } from "./notebook.ts";
export type { Notebook, NotebookOptions } from "./notebook.ts";
export type { Fault, FaultFilter, Faults } from "./faults.ts";
export type { RecordedRequest } from "./recording.ts";
export { startRecorder } from "./recorder.ts";
export type { Recorder, RecorderOptions } from "./recorder.ts";
export { startFetchServer } from "./fetch-server.ts";
export type { FetchServer } from "./fetch-server.ts";
export { manualClock } from "./manual-clock.ts";
export type { ManualClock, ManualClockOptions } from "./manual-clock.ts";
export { inMemoryServer } from "./in-memory-server.ts";
export type {
  InMemoryServer,
  InMemoryServerOptions,
  RecordedMessage,
  RecordedPipe,
} from "./in-memory-server.ts";
export { stdioServerPath } from "./stdio-server-path.ts";
