// Packs every publishable package once; the other scripts here read the tarballs.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { folder, repository } from "./tarballs.ts";

// turbo has just built them; who runs this alone would pack whatever an earlier build left.
if (process.env["TURBO_HASH"] === undefined)
  execFileSync("pnpm", ["--silent", "run", "build"], { cwd: repository, stdio: "inherit" });
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
// What the adapters' tests share is published with none of them.
const filters = ["--filter", "./packages/**", "--filter", "!./packages/adapters/fixtures"];
execFileSync("pnpm", ["--recursive", ...filters, "pack", "--pack-destination", folder], {
  cwd: repository,
  stdio: ["ignore", "ignore", "inherit"],
});
