// Installs the tarballs as a user would, once, and tries them on every runtime: all of them by the probe on the Node
// lines that Tenantry supports; core, egress and client by a visit to real servers on every runtime.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Era } from "@tenantry/core";
import { npmInstall } from "./npm-install.ts";
import { runtimes, type Runtime, type Way } from "./runtimes.ts";
import { tarballs } from "./tarballs.ts";
import { eras, visit, type Outcome } from "./visits.ts";

function install(project: string): void {
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  npmInstall(project, tarballs("packages"));
  installPeers(project);
  for (const script of ["probe.js", "visit.js", "visitor.js", "worker.js"])
    copyFileSync(join(import.meta.dirname, script), join(project, script));
}

/** Brings what a package needs for one of its entries only, as who uses that entry would. */
function installPeers(project: string): void {
  const modules = join(project, "node_modules");
  const scoped = readdirSync(join(modules, "@tenantry")).map((name) => `@tenantry/${name}`);
  const peers = ["tenantry", ...scoped].flatMap((name) => {
    const manifest = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8")) as Manifest;
    const optional = Object.keys(manifest.peerDependenciesMeta ?? {});
    return optional.map((peer) => `${peer}@${manifest.peerDependencies?.[peer] ?? "*"}`);
  });
  // Not saved: every dependency that is saved is tried.
  npmInstall(project, ["--no-save", ...peers]);
}

interface Manifest {
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, unknown>>;
}

interface Row {
  readonly cells: readonly string[];
  readonly failures: readonly string[];
}

/** Tries one runtime, in each way that it has. */
async function row(runtime: Runtime, project: string): Promise<Row> {
  const name = `${runtime.name} ${runtime.version}`;
  const ways: readonly Way[] = runtime.traits.sockets ? ["sockets", "fetch"] : ["fetch"];
  const outcomes = new Map<Way, Outcome>();
  for (const way of ways) outcomes.set(way, await visit(runtime, way, project));
  const failures = ways.flatMap((way) =>
    eras.flatMap((era) => {
      const told = outcomes.get(way)?.[era];
      return told === "ok" ? [] : [`${name}, ${era}, ${way}: ${told}`];
    }),
  );
  const passed = (era: Era) => ways.filter((way) => outcomes.get(way)?.[era] === "ok").join(", ");
  const entries = runtime.name === "Node" ? probe(runtime, project) : outcomes.get("fetch")?.entries;
  const cells = [name, String(entries), ...eras.map(passed), failures.length === 0 ? "ok" : "FAILED"];
  return { cells, failures };
}

/** Runs the probe of all packages and gives how many entries loaded. */
function probe({ binary }: Runtime, project: string): number {
  return Number(execFileSync(binary, ["probe.js"], { cwd: project, encoding: "utf8", timeout: 60_000 }));
}

function table(rows: readonly (readonly string[])[]): string {
  const widths =
    rows[0]?.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0))) ?? [];
  return rows
    .map((cells) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | "))
    .join("\n");
}

const project = mkdtempSync(join(tmpdir(), "tenantry-smoke-"));
try {
  install(project);
  const { installed, missing } = runtimes();
  const rows: Row[] = [];
  for (const runtime of installed) rows.push(await row(runtime, project));
  console.log(table([["runtime", "entries", ...eras, ""], ...rows.map(({ cells }) => cells)]));
  for (const failure of rows.flatMap(({ failures }) => failures)) {
    console.error(failure);
    process.exitCode = 1;
  }
  for (const name of missing) {
    const here = `${process.platform}-${process.arch}`;
    console.log(`${name}: skipped, its binary is installed on linux-x64 only (this is ${here})`);
    if (here === "linux-x64") process.exitCode = 1;
  }
} finally {
  rmSync(project, { recursive: true, force: true });
}
