// Installs each packed adapter in a folder of its own with the newest framework that it takes, as a user would; compiles its
// README's example with two versions of TypeScript, and lets two users call through it. Several hundred MB are installed,
// and therefore when this is run and not with everything else.
import { execFile } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { promisify } from "node:util";
import { npmInstall } from "./npm-install.ts";
import { adapterFolder, repository, tarballs } from "./tarballs.ts";

const run = promisify(execFile);
const isolation = join(repository, "checks/isolation");
const compilers = { "TypeScript 5.9": "typescript5", "TypeScript 6": "typescript6" } as const;
const tools = ["typescript5@npm:typescript@5.9.3", "typescript6@npm:typescript@6.0.3", "@types/node@26.6.6"];

/** One adapter in a folder of its own; gives what it was tried with. */
async function tryAdapter(tarball: string, project: string): Promise<string> {
  const source = adapterFolder(tarball);
  const { name, peerDependencies = {} } = manifestIn(source);
  const frameworks = Object.entries(peerDependencies).filter(([peer]) => peer !== "tenantry");
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const peers = frameworks.map(([peer, range]) => `${peer}@${range}`);
  const readme = readFileSync(join(source, "README.md"), "utf8");
  npmInstall(project, [
    ...tarballs("packages"),
    tarball,
    ...peers,
    ...besides(readme, peerDependencies),
    ...tools,
  ]);
  await compileExample(readme, project);
  for (const subject of subjectsOf(basename(source))) await keepApart(subject, source, project);
  const installed = frameworks.map(
    ([peer]) => `${peer} ${manifestIn(join(project, "node_modules", peer)).version}`,
  );
  return `${name}: ${installed.join(", ")}: ${Object.keys(compilers).join(", ")}, two users: ok`;
}

/** What a README has its reader install beside the packages here and their peers. */
function besides(readme: string, peers: object): string[] {
  const [, line = ""] = /^npm install (.+)$/mu.exec(readme) ?? [];
  return line.split(" ").filter((name) => !/^(@tenantry\/|tenantry$)/u.test(name) && !(name in peers));
}

async function compileExample(readme: string, project: string): Promise<void> {
  const [, example] = /^```ts\n([\s\S]*?)^```$/mu.exec(readme) ?? [];
  if (example === undefined) throw new Error("The README has no example.");
  writeFileSync(join(project, "example.ts"), example);
  const compilerOptions = {
    // Frameworks' own declarations do not all hold.
    ...{ module: "esnext", moduleResolution: "bundler", target: "es2023", strict: true, skipLibCheck: true },
    ...{ noEmit: true, types: ["node"], lib: ["es2024", "dom", "dom.iterable", "esnext.disposable"] },
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["example.ts"] }));
  for (const compiler of Object.values(compilers))
    await run(process.execPath, [join("node_modules", compiler, "bin/tsc")], { cwd: project });
}

/** Two users, one after the other, in both eras: what `pnpm isolation` does with the sources, done with what is installed. */
async function keepApart(subject: string, source: string, project: string): Promise<void> {
  // Laid out as in the repository: a subject may start its framework with what the adapter's tests start it with.
  const folder = join(project, "checks/isolation");
  mkdirSync(join(folder, "subjects/ours"), { recursive: true });
  for (const file of ["on-tenantry.ts", "sdk-clients.ts", join("subjects/ours", subject)])
    copyFileSync(join(isolation, file), join(folder, file));
  const laidOut = join(project, relative(repository, source));
  cpSync(join(source, "test"), join(laidOut, "test"), { recursive: true });
  // What it takes of the sources there, it takes of what is installed here.
  mkdirSync(join(laidOut, "src"), { recursive: true });
  writeFileSync(join(laidOut, "src/index.ts"), `export * from "${manifestIn(source).name}";`);
  const script = `
    import { checkIsolation } from "@tenantry/testing/isolation";
    import { subject } from "./subjects/ours/${subject}";
    const { results } = await checkIsolation(subject, { scenarios: ["sequential"] });
    if (!results.every(({ verdict }) => verdict === "green")) throw new Error(JSON.stringify(results));
    process.exit(0);
  `;
  writeFileSync(join(folder, "run.ts"), script);
  await run(process.execPath, ["run.ts"], { cwd: folder, timeout: 120_000 });
}

function subjectsOf(adapter: string): string[] {
  const subjects = readdirSync(join(isolation, "subjects/ours"));
  return subjects.filter((file) => file.startsWith(adapter));
}

function manifestIn(folder: string) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    readonly name: string;
    readonly version: string;
    readonly peerDependencies?: Readonly<Record<string, string>>;
  };
}

for (const tarball of tarballs("adapters")) {
  const project = mkdtempSync(join(tmpdir(), "tenantry-adapter-"));
  try {
    console.log(await tryAdapter(tarball, project));
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    console.error(`${basename(tarball)}: FAILED\n${stdout}${stderr}${String(error)}`);
    process.exitCode = 1;
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}
