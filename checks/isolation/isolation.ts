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
if (!values["no-peers"]) installPeers();

let ourFault = false;
const reports: IsolationReport[] = [];
for (const owner of owners) {
  if (owner === "peers" && values["no-peers"]) continue;
  for (const name of subjectsOf(owner)) {
    if (values.only !== undefined && values.only !== name) continue;
    const report = await check(owner, name);
    if (report === undefined) console.log(`${owner}/${name} ended without a report.`);
    else for (const line of notesOf(report)) console.log(line);
    if (report !== undefined) reports.push(report);
    const red = report?.results.some(({ verdict }) => verdict === "red") ?? true;
    if (owner === "ours" && red) ourFault = true;
  }
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
