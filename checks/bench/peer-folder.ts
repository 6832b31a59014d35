// Peers are no dependencies of the workspace: they would weigh on every installation of it. They are installed when
// they are first measured, below node_modules/.cache, from the exact versions in peers/*.json.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const manifests = join(import.meta.dirname, "peers");
const cache = join(import.meta.dirname, "node_modules/.cache/peers");
const install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps"];
const quietly = ["--no-package-lock", "--prefer-offline", "--fetch-retries=0", "--loglevel=error"];

/** Installs what is not there yet; says what could not be installed, and throws nothing. */
export function installPeers(): void {
  for (const file of readdirSync(manifests)) {
    const folder = join(cache, basename(file, ".json"));
    const manifest = readFileSync(join(manifests, file), "utf8");
    if (contentOf(join(folder, "package.json")) === manifest) continue;
    console.log(`installing ${namesIn(manifest)}`);
    // What is half installed must not be taken for whole.
    const unfinished = `${folder}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    writeFileSync(join(unfinished, "package.json"), manifest);
    try {
      execFileSync("npm", [...install, ...quietly], { cwd: unfinished, stdio: "inherit", timeout: 300_000 });
      rmSync(folder, { recursive: true, force: true });
      renameSync(unfinished, folder);
    } catch (failure) {
      const reason = failure instanceof Error ? failure.message : String(failure);
      console.log(`The bench goes on without it: ${reason}. Is npm's registry within reach?\n`);
    }
  }
}

/** Imports `specifier` as a module in `folder` would. */
export async function importPeer(folder: string, specifier: string): Promise<unknown> {
  const home = join(cache, folder);
  if (!existsSync(home)) throw new Error("it is not installed");
  // A call is to be measured, not the report of it that mcp-use makes to its makers.
  process.env["MCP_USE_ANONYMIZED_TELEMETRY"] = "false";
  const entry = join(home, "entry.js");
  writeFileSync(entry, `export * from ${JSON.stringify(specifier)};\n`);
  return import(entry);
}

function contentOf(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

function namesIn(manifest: string): string {
  const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
  return Object.entries(dependencies)
    .map((dependency) => dependency.join("@"))
    .join(" ");
}
