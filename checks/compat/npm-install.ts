import { execFileSync } from "node:child_process";

/** Installs as a user of npm would, from its cache where that has it, and runs nobody's install scripts. */
export function npmInstall(project: string, what: readonly string[]): void {
  const flags = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  execFileSync("npm", ["install", ...flags, ...what], {
    cwd: project,
    env: npmEnvironment(),
    stdio: ["ignore", "ignore", "inherit"],
    timeout: 120_000,
  });
}

/** The caller's environment without what pnpm adds for its own children, which npm would warn about. */
function npmEnvironment(): NodeJS.ProcessEnv {
  const keep = /^npm_config_(registry|cache|userconfig)$/i;
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^p?npm_/i.test(name) || keep.test(name)),
  );
}
