import { execFile } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { markerVariable } from "./child-environment.ts";

/** One process of this machine. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** Zero where the system does not tell. */
  readonly session: number;
  /** Orders processes by their start, and tells a process from a later one with its number; the unit is the table's own. */
  readonly startedAt: number;
}

/** What the system knows of its processes; the dead that nobody has collected are left out. Kept by who starts many. */
export interface ProcessTable {
  /** Whether {@link markerOf} can tell. */
  readonly readsEnvironments: boolean;
  /** When a process that has just been started did so. */
  startOf(pid: number): number | undefined;
  /** Lists every process; all who ask before a reading begins share it. */
  list(): Promise<readonly ProcessEntry[]>;
  /** Whether the same process still runs. */
  isAlive(process: Pick<ProcessEntry, "pid" | "startedAt">): boolean;
  /** The `TENANTRY_INSTANCE=…` that a process was started with; looked for once in each that a reading gave. */
  markerOf(process: ProcessEntry): string | undefined;
}

/** Creates a table of this platform; on Windows it stays empty. */
export function processTable(platform: NodeJS.Platform = process.platform): ProcessTable {
  if (platform === "linux") return shared(procTable());
  return shared(platform === "win32" ? { ...psTable, list: () => Promise.resolve([]) } : psTable);
}

/** Reading takes some 30 µs a process, and each child's close asks two or three times. */
function shared(table: ProcessTable): ProcessTable {
  let next: Promise<readonly ProcessEntry[]> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const begin = () => {
    next = undefined;
    return table.list();
  };
  const list = () => {
    next ??= last.then(begin);
    // It only tells when the next may begin; what was read is let go of.
    last = next.then(() => {});
    return next;
  };
  return Object.freeze({ ...table, list });
}

function procTable(): ProcessTable {
  const markers = new WeakMap<ProcessEntry, string | undefined>();
  return {
    readsEnvironments: true,
    // A child that ended at once is not collected yet, and what it started may run on.
    startOf: (pid) => readStat(pid, { deadToo: true })?.startedAt,
    list: readProc,
    isAlive: ({ pid, startedAt }) => readStat(pid)?.startedAt === startedAt,
    markerOf(entry) {
      if (!markers.has(entry)) markers.set(entry, readMarker(entry.pid));
      return markers.get(entry);
    },
  };
}

async function readProc(): Promise<readonly ProcessEntry[]> {
  const entries: ProcessEntry[] = [];
  const pids = readPids();
  const buffer = Buffer.allocUnsafe(statBytes);
  for (let from = 0; from < pids.length; from += sliceLength) {
    // Reading is quick but blocks, so that a long table is read with pauses.
    if (from > 0) await new Promise<void>((resolve) => setImmediate(resolve));
    for (const pid of pids.slice(from, from + sliceLength)) {
      const entry = readStat(pid, { buffer });
      if (entry !== undefined) entries.push(entry);
    }
  }
  return entries;
}

const psTable: Readonly<ProcessTable> = Object.freeze({
  readsEnvironments: false,
  // `ps` gives whole seconds, and some compute them from the uptime, a second off.
  startOf: () => Math.floor(Date.now() / 1000 - 2) * 1000,
  list: () =>
    new Promise<readonly ProcessEntry[]>((resolve) => {
      // One option a column: after "pid=" the rest of an argument would be its heading (POSIX, ps).
      const columns = ["pid=", "ppid=", "pgid=", "state=", "lstart="].flatMap((column) => ["-o", column]);
      const env = { LC_ALL: "C", TZ: "UTC0", NODE_V8_COVERAGE: undefined };
      execFile(
        "/bin/ps",
        ["-A", ...columns],
        { env, maxBuffer: 64 * 1024 * 1024, timeout: 5_000 },
        (_failure, output) => resolve(parsePs(output)),
      );
    }),
  isAlive: ({ pid }: Pick<ProcessEntry, "pid">) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  },
  markerOf: () => undefined,
});

/** Reads the output of `ps` with the columns pid, ppid, pgid, state and lstart. */
export function parsePs(output: string): readonly ProcessEntry[] {
  return output.split("\n").flatMap((line) => {
    const [, pid, parent, group, state, started] =
      /^ *(\d+) +(\d+) +(\d+) +(\S+) +(.+?) *$/u.exec(line) ?? [];
    if (pid === undefined || state?.startsWith("Z")) return [];
    const startedAt = Date.parse(`${started} UTC`);
    return [{ pid: Number(pid), parent: Number(parent), group: Number(group), session: 0, startedAt }];
  });
}

const sliceLength = 128;

function readPids(): readonly number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/u.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** Reads `/proc/<pid>/stat` (proc(5)); the name in parentheses may hold anything, so that counting begins after it. */
function readStat(
  pid: number,
  { buffer = Buffer.allocUnsafe(statBytes), deadToo = false } = {},
): ProcessEntry | undefined {
  const stat = readOnce(`/proc/${pid}/stat`, buffer);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ", 20);
  if (!deadToo && (fields[0] === "Z" || fields[0] === "X")) return undefined;
  const [parent = 0, group = 0, session = 0] = fields.slice(1, 4).map(Number);
  return { pid, parent, group, session, startedAt: Number(fields[19]) };
}

/** Longer than any line of `/proc/<pid>/stat`. */
const statBytes = 2048;

/** Reads a short file of `/proc` with half the system calls that `readFileSync` makes. */
function readOnce(path: string, buffer: Buffer): string | undefined {
  let file;
  try {
    file = openSync(path, "r");
    return buffer.toString("latin1", 0, readSync(file, buffer));
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function readMarker(pid: number): string | undefined {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
    return variables.find((one) => one.startsWith(`${markerVariable}=`));
  } catch {
    return undefined;
  }
}
