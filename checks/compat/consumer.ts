// Compiles a program against the packed packages as an application does: strict, and with their declarations checked.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { repository, tarballs } from "./tarballs.ts";

const run = promisify(execFile);

const resolutions = {
  nodenext: { module: "nodenext", lib: ["es2024", "esnext.disposable"] },
  bundler: {
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["es2024", "dom", "dom.iterable", "esnext.disposable"],
  },
} as const;

/** Puts the tarballs into a project beside links to what they depend on, as an install would, but without a registry. */
export async function linkProject(project: string): Promise<void> {
  const modules = join(project, "node_modules");
  for (const tarball of tarballs("packages")) {
    const staging = join(project, "package");
    mkdirSync(staging);
    await run("tar", ["-xzf", tarball, "-C", project]);
    // Peers are what the host brings, optional ones where it uses the entry that needs them: here it uses every entry.
    const { name, dependencies = {}, peerDependencies = {} } = manifestOf(staging);
    const target = join(modules, name);
    mkdirSync(dirname(target), { recursive: true });
    await run("mv", [staging, target]);
    const source = join(repository, "packages", name.replace(/^@tenantry\//u, ""), "node_modules");
    for (const dependency of Object.keys({ ...dependencies, ...peerDependencies })) {
      if (dependency === "tenantry" || dependency.startsWith("@tenantry/")) continue;
      const link = join(modules, dependency);
      mkdirSync(dirname(link), { recursive: true });
      if (!existsSync(link)) symlinkSync(join(source, dependency), link, "junction");
    }
  }
}

/** Compiles the README's example and an import of every entry in each way; gives what the compiler says against them. */
export async function compileConsumer(project: string): Promise<string[]> {
  const readme = readFileSync(join(repository, "README.md"), "utf8");
  const [, example] = /^```ts\n([\s\S]*?)^```$/mu.exec(readme) ?? [];
  if (example === undefined) throw new Error("The README has no example.");
  const imports = entriesOf(project).map((entry, index) => `export * as entry${index} from "${entry}";\n`);
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  writeFileSync(join(project, "consumer.ts"), example);
  writeFileSync(join(project, "entries.ts"), imports.join(""));
  const ways = Object.entries(resolutions).flatMap(([name, options]) =>
    [true, false].map((exact) => ({ name: `${name}-${exact ? "exact" : "loose"}`, options, exact })),
  );
  const complaints = await Promise.all(ways.map((way) => compile(project, way)));
  return complaints.filter((complaint) => complaint !== "");
}

interface Way {
  readonly name: string;
  readonly options: object;
  readonly exact: boolean;
}

async function compile(project: string, { name, options, exact }: Way): Promise<string> {
  const compilerOptions = {
    ...options,
    ...{
      target: "es2023",
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      exactOptionalPropertyTypes: exact,
    },
    ...{ types: ["node"], typeRoots: [join(repository, "node_modules/@types")] },
  };
  const config = join(project, `tsconfig.${name}.json`);
  writeFileSync(config, JSON.stringify({ compilerOptions, files: ["consumer.ts", "entries.ts"] }));
  const compiler = join(repository, "node_modules/typescript/bin/tsc");
  try {
    await run(process.execPath, [compiler, "-p", config], { cwd: project });
    return "";
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    return `A consumer does not compile (${name})\n${stdout}${stderr || (stdout ? "" : String(error))}`;
  }
}

/** Every path that the installed packages export. */
function entriesOf(project: string): string[] {
  const modules = join(project, "node_modules");
  const scoped = readdirSync(join(modules, "@tenantry")).map((name) => `@tenantry/${name}`);
  return ["tenantry", ...scoped].flatMap((name) =>
    Object.keys(manifestOf(join(modules, name)).exports)
      .filter((path) => path !== "./package.json")
      .map((path) => name + path.slice(1)),
  );
}

function manifestOf(folder: string) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    readonly name: string;
    readonly exports: object;
    readonly dependencies?: object;
    readonly peerDependencies?: object;
  };
}
