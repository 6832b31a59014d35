export { openTelemetry } from "./otel/open-telemetry.ts";
export type { TelemetryOptions } from "./otel/open-telemetry.ts";
