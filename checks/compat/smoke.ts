// Installs the tarballs as a user would, once, and runs the probe on every Node line that Tenantry supports.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repository, tarballs } from "./tarballs.ts";

/** Each runtime's binary, or undefined where npm has none for this platform. */
function runtimes(): Record<string, string | undefined> {
  const binary = (from: string, name: string) => {
    try {
      return createRequire(join(from, "package.json")).resolve(`${name}/bin/node`);
    } catch {
      return undefined;
    }
  };
  return {
    "Node 22": binary(import.meta.dirname, "node22"),
    "Node 24": binary(import.meta.dirname, "node24"),
    "Node 26": binary(repository, "node"),
  };
}

/** The caller's environment without what pnpm adds for its own children, which npm would warn about. */
function npmEnvironment(): NodeJS.ProcessEnv {
  const keep = /^npm_config_(registry|cache|userconfig)$/i;
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^p?npm_/i.test(name) || keep.test(name)),
  );
}

const project = mkdtempSync(join(tmpdir(), "tenantry-smoke-"));
try {
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  execFileSync(
    "npm",
    [
      "install",
      "--prefer-offline",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--loglevel=error",
      ...tarballs(),
    ],
    { cwd: project, env: npmEnvironment(), stdio: ["ignore", "ignore", "inherit"], timeout: 120_000 },
  );
  copyFileSync(join(import.meta.dirname, "probe.js"), join(project, "probe.js"));
  for (const [name, binary] of Object.entries(runtimes())) {
    if (binary === undefined) {
      console.log(
        `${name}: skipped, its binary is installed on linux-x64 only (this is ${process.platform}-${process.arch})`,
      );
      if (process.platform === "linux" && process.arch === "x64") process.exitCode = 1;
      continue;
    }
    execFileSync(binary, ["probe.js"], { cwd: project, stdio: "inherit", timeout: 60_000 });
  }
} finally {
  rmSync(project, { recursive: true, force: true });
}
