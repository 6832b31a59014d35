// Runs every case of the zoo against this client and against the official ones, each in a process of its own, and prints
// what became of it. Fails where ours does not do as expected.
import { fork } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startFakeServer } from "@tenantry/testing";
import {
  hostileCases,
  type HostileCase,
  type HostilePlan,
  type HostileServer,
  type HostileTarget,
} from "@tenantry/testing/hostile";
import type { ClientName, Report, Task } from "./host.ts";

type Era = HostileCase["eras"][number];

/** How one client did in one case. */
interface Result {
  readonly green: boolean;
  readonly outcome: string;
  readonly peak: string;
  readonly complaints: readonly string[];
}

const { values, positionals } = parseArgs({
  options: { scale: { type: "string", default: "1" }, ours: { type: "boolean", default: false } },
  allowPositionals: true,
});
const scale = Number(values.scale);
const [only = ""] = positionals;
const limitMs = 90_000;
const mib = 1024 * 1024;

await using polite = await startFakeServer();
const complaints: string[] = [];
console.log("case | era | ours | held (grown) | stock v2 | held (grown) | stock v1 | held (grown)");
console.log("--- | --- | --- | ---: | --- | ---: | --- | ---:");
for (const one of hostileCases) {
  if (`${one.id} ${one.title}`.includes(only)) for (const era of one.eras) await confrontAll(one, era);
}
if (complaints.length > 0) console.log(`\nNot as expected:\n${complaints.join("\n")}`);
process.exitCode = complaints.length > 0 ? 1 : 0;

async function confrontAll(one: HostileCase, era: Era): Promise<void> {
  const stock = values.ours
    ? []
    : era === "legacy"
      ? (["stock v2", "stock v1"] as const)
      : (["stock v2"] as const);
  const ours = await confrontOne(one, era, needsCatalog(one) ? "instances" : "connections");
  const results = [ours];
  for (const client of stock) results.push(await confrontOne(one, era, client));
  const cells = results.flatMap(({ green, outcome, peak }) => [
    `${green ? "green" : "RED"} ${outcome}`,
    peak,
  ]);
  const name = `${one.id} ${one.title}`;
  console.log([name, era, ...cells].join(" | "));
  complaints.push(...ours.complaints.map((complaint) => `${name}, ${era}: ${complaint}`));
}

/** A catalog follows pages, and a definition is where a URL is still as somebody wrote it. */
function needsCatalog({ id }: HostileCase): boolean {
  return id === "DOS-07" || id === "NET-03";
}

async function confrontOne(one: HostileCase, era: Era, client: ClientName): Promise<Result> {
  await using server = await one.start({ era, scale });
  const limits = {
    maxMessageBytes: 8 * mib,
    maxStreamBytes: 64 * mib,
    maxTools: 10_000,
    openTimeoutMs: 10_000,
    timeoutMs: 10_000,
  };
  const target: HostileTarget = {
    ...{ kind: "http", url: polite.url.href, provenance: "code", transport: "streamable-http" },
    ...{ era, headers: {}, limits },
  };
  return judged(server, await inProcessOfItsOwn({ client, polite: target, plan: server.plan }, server.plan));
}

function judged(server: HostileServer, report: Report | string): Result {
  if (typeof report === "string") return { green: false, outcome: report, peak: "", complaints: [report] };
  const complaints = server.judge(report.outcome);
  const held = `${mibOf(report.outcome.peakBytes ?? 0)} (${mibOf(report.rssBytes)})`;
  return { green: complaints.length === 0, outcome: wordsFor(report), peak: held, complaints };
}

/** What the last step that matters came to. */
function wordsFor({ outcome: { steps } }: Report): string {
  const told = steps.filter(({ step }) => step !== "close");
  const last = told.find(({ ended }) => ended === "pending") ?? told.at(-1);
  if (last === undefined) return "nothing";
  const { step, ended, failure } = last;
  if (failure === undefined) return `${step} ${ended}`;
  return `${step} ${failure.code ?? failure.name}`;
}

function mibOf(bytes: number): string {
  return (bytes / mib).toFixed(1);
}

function inProcessOfItsOwn(task: Task, { env }: HostilePlan): Promise<Report | string> {
  const child = fork(join(import.meta.dirname, "host.ts"), {
    execArgv: ["--expose-gc"],
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  return new Promise((resolve) => {
    let said = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
    const settle = (report: Report | string) => {
      clearTimeout(timer);
      resolve(report);
    };
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-2_000)));
    child.once("message", (report) => settle(report as Report));
    child.once("exit", (code, signal) =>
      settle(
        signal === "SIGKILL"
          ? `hung for ${limitMs} ms`
          : `crashed with ${code ?? signal}: ${
              said
                .trim()
                .split("\n")
                .find((line) => /Error/u.test(line)) ?? ""
            }`,
      ),
    );
    child.send(task);
  });
}
