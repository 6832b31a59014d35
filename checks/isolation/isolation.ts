// Puts Tenantry, its adapters and the peers through the isolation kit, and prints who keeps users apart.
import { fork } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isolationScenarios, type IsolationReport } from "@tenantry/testing/isolation";
import { installPeers } from "../bench/peer-folder.ts";
import { owners, subjectsOf, type Owner } from "./subjects.ts";
import { notesOf, tableOf } from "./table.ts";

const { values } = parseArgs({
  options: {
    "no-peers": { type: "boolean", default: false },
    only: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
const chosen = owners
  .filter((owner) => owner === "ours" || !values["no-peers"])
  .flatMap((owner) => subjectsOf(owner).map((name) => ({ owner, name })))
  .filter(({ name }) => values.only === undefined || values.only === name);
if (chosen.length === 0) throw new Error(`There is no subject ${values.only}.`);
if (values.write && (values["no-peers"] || values.only !== undefined))
  throw new Error("The README has the table of all subjects; run all of them.");
if (chosen.some(({ owner }) => owner === "peers")) installPeers();

let ourFault = false;
const reports: IsolationReport[] = [];
for (const { owner, name } of chosen) {
  const report = await check(owner, name);
  if (report === undefined) console.log(`${owner}/${name} ended without a report.`);
  else for (const line of notesOf(report)) console.log(line);
  if (report !== undefined) reports.push(report);
  const green = report?.results.every(({ verdict }) => verdict === "green") ?? false;
  if (owner === "ours" && !green) ourFault = true;
}
const table = tableOf(reports, isolationScenarios);
console.log(`\n${table}`);
if (values.write) writeTable(table);
if (ourFault) process.exitCode = 1;

/** Puts the table in the place of the one in the repository's README. */
function writeTable(table: string): void {
  const readme = join(import.meta.dirname, "../../README.md");
  const marked = /(?<=<!-- isolation -->\n\n).*?(?=\n\n<!-- \/isolation -->)/su;
  writeFileSync(
    readme,
    readFileSync(readme, "utf8").replace(marked, () => table),
  );
}

/** The report of one subject, from a process that has half an hour at most; `undefined` where it gives none. */
async function check(owner: Owner, name: string): Promise<IsolationReport | undefined> {
  const child = fork(join(import.meta.dirname, "check-subject.ts"), [owner, name], {
    // Libraries have a lot to say of servers that fail them on purpose; it is heard where nothing else is.
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    timeout: 1_800_000,
  });
  let report: IsolationReport | undefined;
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-4_000)));
  child.on("message", (message) => (report = message as IsolationReport));
  await once(child, "exit");
  if (report === undefined) console.log(said);
  return report;
}
