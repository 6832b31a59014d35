import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** One version of one package. */
interface Published {
  readonly package: string;
  readonly version: string;
}

/** Where the visited servers are installed; no lock file of theirs is kept. */
export const folder: string = join(import.meta.dirname, "node_modules/.cache/servers");

/** Installs what is not there yet; throws with npm's own words where the registry cannot be reached. */
export function install(servers: readonly Published[], into = folder): void {
  if (servers.every((server) => manifestOf(server, into)?.version === server.version)) return;
  mkdirSync(into, { recursive: true });
  writeFileSync(join(into, "package.json"), JSON.stringify({ private: true }));
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--prefer-offline"];
  const specs = servers.map((server) => `${server.package}@${server.version}`);
  try {
    execFileSync("npm", ["install", "--loglevel=error", ...flags, ...specs], {
      cwd: into,
      env: npmEnvironment(),
      stdio: ["ignore", "ignore", "pipe"],
      timeout: 600_000,
    });
  } catch (failure) {
    const said = String((failure as { stderr?: Buffer }).stderr ?? failure).trim();
    throw new Error(`npm could not install the servers; is a registry reachable?\n${said}`, {
      cause: failure,
    });
  }
}

/** The file that its first command runs. */
export function binaryOf(server: Published, from = folder): string {
  const { bin = {} } = manifestOf(server, from) ?? {};
  const [file] = typeof bin === "string" ? [bin] : Object.values(bin);
  if (file === undefined) throw new Error(`${server.package} has no command.`);
  return join(from, "node_modules", server.package, file);
}

function manifestOf(server: Published, from: string) {
  try {
    const text = readFileSync(join(from, "node_modules", server.package, "package.json"), "utf8");
    return JSON.parse(text) as {
      readonly version: string;
      readonly bin?: string | Readonly<Record<string, string>>;
    };
  } catch {
    return undefined;
  }
}

/** The caller's environment without what pnpm adds for its own children, which npm would warn about. */
function npmEnvironment(): NodeJS.ProcessEnv {
  const keep = /^npm_config_(registry|cache|userconfig)$/iu;
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^p?npm_/iu.test(name) || keep.test(name)),
  );
}
