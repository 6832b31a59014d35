// What a visit leaves of itself. Linux only, because `/proc` tells it.
import { readdirSync, readFileSync } from "node:fs";

/** The value by which the descendants of a child are known. */
export function markerOf(pid: number): string | undefined {
  return /(?:^|\0)TENANTRY_INSTANCE=([^\0]*)/u.exec(read(`/proc/${pid}/environ`))?.[1];
}

/** How many descriptors this process has open. */
export function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** The children of this process, and whoever carries the marker, by number and name. */
export function processesOf(marker: string | undefined): readonly string[] {
  const pids = readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .map(Number);
  return pids
    .filter((pid) => parentOf(pid) === process.pid || (marker !== undefined && markerOf(pid) === marker))
    .map((pid) => `${pid} (${read(`/proc/${pid}/comm`).trim()})`);
}

function parentOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
