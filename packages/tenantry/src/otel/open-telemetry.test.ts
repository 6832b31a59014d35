import { context, propagation, SpanStatusCode, trace } from "@opentelemetry/api";
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider } from "@opentelemetry/sdk-metrics";
import { PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { startFakeServer, type FakeServer } from "@tenantry/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bearer, createTenantry, fromContext } from "../index.ts";
import { openTelemetry } from "../otel.ts";

let spans: InMemorySpanExporter;
let provider: NodeTracerProvider;

beforeEach(() => {
  spans = new InMemorySpanExporter();
  provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  provider.register();
});

afterEach(async () => {
  await provider.shutdown();
  trace.disable();
  context.disable();
  propagation.disable();
});

const keys = { "Bearer key-of-ada": "ada" };

async function instance(server: FakeServer) {
  const tenantry = createTenantry({
    servers: { notes: { url: server.url, credential: bearer(fromContext("key")) } },
  });
  const ada = tenantry.workspace("acme").as("ada", { key: "key-of-ada" });
  await ada.listTools();
  return { ada, [Symbol.asyncDispose]: () => tenantry.close() };
}

const named = (name: string) => spans.getFinishedSpans().find((span) => span.name === name);

function toldTrace(server: FakeServer): unknown {
  const call = server.requests.findLast(({ rpc }) => rpc === "tools/call");
  return (call?.body as { params: { _meta?: { traceparent?: string } } }).params._meta?.traceparent;
}

describe.each(["legacy", "modern"] as const)("a call of a tool at a %s server", (era) => {
  it("is a client span by the conventions, within the caller's trace, and its server is told of it", async () => {
    await using server = await startFakeServer({ era, authenticate: { header: "authorization", keys } });
    await using one = await instance(server);
    using _told = openTelemetry();
    const tracer = trace.getTracer("host");
    await tracer.startActiveSpan("request", async (span) => {
      await one.ada.callTool("notes__echo", { text: "the argument" });
      span.end();
    });
    const call = named("tools/call echo");
    expect(call?.attributes).toEqual({
      "mcp.method.name": "tools/call",
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "echo",
      "tenantry.server": "notes",
      "tenantry.workspace": "acme",
    });
    const { traceId, spanId } = call!.spanContext();
    expect(call?.parentSpanContext?.spanId).toBe(named("request")?.spanContext().spanId);
    expect(toldTrace(server)).toBe(`00-${traceId}-${spanId}-01`);
    const resolve = named("tenantry.resolve_credential");
    expect(resolve?.parentSpanContext?.spanId).toBe(spanId);
    const all = JSON.stringify(spans.getFinishedSpans().map(({ name, attributes }) => [name, attributes]));
    expect(all).not.toMatch(/the argument|key-of-ada/u);
  });
});

it("passes the caller's own trace on where nobody traces", async () => {
  await using server = await startFakeServer({ authenticate: { header: "authorization", keys } });
  await using one = await instance(server);
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await one.ada.callTool("notes__echo", { text: "x" }, { trace: { traceparent } });
  expect(toldTrace(server)).toBe(traceparent);
  await one.ada.callTool("notes__echo", { text: "x" });
  expect(toldTrace(server)).toBeUndefined();
});

it("says why a call has failed, in one word, and what the tool itself says of its failure", async () => {
  await using server = await startFakeServer({ authenticate: { header: "authorization", keys } });
  await using one = await instance(server);
  using _told = openTelemetry({ users: true });
  await expect(one.ada.callTool("notes__nothing")).rejects.toMatchObject({ code: "TOOL_UNKNOWN" });
  await one.ada.callTool("notes__fail");
  const unknown = named("tools/call notes__nothing");
  expect(unknown?.status).toEqual({ code: SpanStatusCode.ERROR, message: "TOOL_UNKNOWN" });
  expect(unknown?.attributes).toMatchObject({ "error.type": "TOOL_UNKNOWN", "user.id": "ada" });
  expect(named("tools/call fail")?.attributes).toMatchObject({ "error.type": "tool_error" });
});

it("tells how long calls take, and nothing of anybody", async () => {
  await using server = await startFakeServer({ authenticate: { header: "authorization", keys } });
  await using one = await instance(server);
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meters = new MeterProvider({ readers: [reader] });
  using _told = openTelemetry({ meter: meters.getMeter("host"), users: true });
  await one.ada.callTool("notes__echo", { text: "x" });
  await one.ada.callTool("notes__fail");
  await meters.forceFlush();
  const [metric] = exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((each) => each.metrics));
  expect(metric?.descriptor).toMatchObject({ name: "mcp.client.operation.duration", unit: "s" });
  expect(metric?.dataPoints.map(({ attributes }) => attributes["gen_ai.tool.name"])).toEqual([
    "echo",
    "fail",
  ]);
  expect(JSON.stringify(metric?.dataPoints)).not.toContain("ada");
  await meters.shutdown();
});

it("tells nothing after it is disposed of", async () => {
  await using server = await startFakeServer({ authenticate: { header: "authorization", keys } });
  await using one = await instance(server);
  openTelemetry()[Symbol.dispose]();
  await one.ada.callTool("notes__echo", { text: "x" });
  expect(spans.getFinishedSpans()).toEqual([]);
  expect(toldTrace(server)).toBeUndefined();
});
