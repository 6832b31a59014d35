import { dirname } from "node:path";

/**
 * The `PATH` of a child whose definition declares none: the folder of this Node, then the system's standard
 * folders. It never depends on the host's own `PATH`.
 */
export function defaultPath(
  execPath = process.execPath,
  platform: NodeJS.Platform = process.platform,
): string {
  const folders = [dirname(execPath), ...(platform === "win32" ? windowsFolders : unixFolders)];
  return [...new Set(folders)].join(platform === "win32" ? ";" : ":");
}

const unixFolders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"] as const;
const windowsFolders = ["C:\\Windows\\System32", "C:\\Windows"] as const;
