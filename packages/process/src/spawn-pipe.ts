import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  quote,
  systemClock,
  TenantryError,
  type AbortableOptions,
  type Clock,
  type Secret,
} from "@tenantry/core";
import { childEnvironment, markerVariable, secretsOf } from "./child-environment.ts";
import { StdioPipe, type ChildPipe } from "./child-pipe.ts";
import { defaultPath } from "./default-path.ts";
import { startOrphanGuard } from "./orphan-guard.ts";
import { pipeLimits, type PipeLimits } from "./pipe-limits.ts";
import { ProcessTree } from "./process-tree.ts";
import { processTable, type ProcessTable } from "./process-table.ts";
import { spawnError } from "./spawn-error.ts";

/** What is started, and how. Its `signal` governs the start only. */
export interface SpawnOptions extends AbortableOptions {
  /** A file's path, or a name that is looked for in the child's own `PATH`; no shell reads it. */
  readonly command: string;
  readonly args?: readonly string[];
  /** The child's folder; defaults to the host's. */
  readonly cwd?: string;
  /**
   * The child's whole environment. A standard `PATH` is added where none is declared, and on Linux the variable
   * `TENANTRY_INSTANCE`, a random value by which the child's descendants are found again.
   */
  readonly env: Readonly<Record<string, string | Secret>>;
  /** Defaults to the real clock. */
  readonly clock?: Clock;
  readonly limits?: Partial<PipeLimits>;
  /** Who starts many children gives each the same table, which is then read once for many. Defaults to one of its own. */
  readonly processes?: ProcessTable;
}

/**
 * Starts a child and frames its stdio as JSON-RPC messages, one a line (MCP 2025-11-25, transports, stdio). Resolves
 * when it runs. Throws `SPAWN_FAILED` where it cannot be started, or the signal's reason, with nothing left running.
 */
export async function spawnPipe(options: SpawnOptions): Promise<ChildPipe> {
  const { signal } = options;
  signal?.throwIfAborted();
  checkTexts(options);
  const { child, pipe } = launch(options);
  try {
    await once(child, "spawn");
  } catch (failure) {
    throw failedStart(failure, options);
  }
  if (pipe === undefined) throw failedStart(undefined, options);
  if (signal?.aborted) {
    await pipe.kill();
    throw signal.reason;
  }
  return pipe;
}

function launch(options: SpawnOptions) {
  const { command, args = [], cwd, clock = systemClock, processes = processTable() } = options;
  const limits = pipeLimits(options.limits);
  const instance = processes.readsEnvironments ? randomBytes(16).toString("hex") : undefined;
  const env = childEnvironment(options.env, instance);
  // A group of its own, so that one signal reaches the wrapper and what it wraps; on Windows it would be a console window.
  const detached = process.platform !== "win32";
  let child;
  try {
    child = spawn(command, args, { ...(cwd === undefined ? {} : { cwd }), env, detached, windowsHide: true });
  } catch (failure) {
    throw failedStart(failure, options);
  }
  child.on("error", () => {});
  if (child.pid === undefined) return { child, pipe: undefined };
  const marker = instance === undefined ? undefined : `${markerVariable}=${instance}`;
  const tree = new ProcessTree({ root: child.pid, marker, table: processes });
  const guard = startOrphanGuard({ root: child.pid, startedAt: tree.startedAt ?? 0, marker }, clock);
  const secrets = secretsOf(options.env);
  return { child, pipe: new StdioPipe(child, { command, tree, guard, clock, limits, secrets }) };
}

/** Node would refuse these too, but its complaint repeats them. */
function checkTexts({ command, args = [], cwd }: SpawnOptions): void {
  if (command === "")
    throw new TenantryError("SPAWN_FAILED", "The command is empty; name what is to be started.");
  if ([command, ...args, cwd ?? ""].some((text) => typeof text !== "string" || text.includes("\0"))) {
    const why = "has a command, argument or folder that is not text without NUL characters; correct it";
    throw new TenantryError("SPAWN_FAILED", `${quote(command)} ${why}.`);
  }
}

function failedStart(failure: unknown, { command, cwd, env }: SpawnOptions): TenantryError {
  const declared = env["PATH"] ?? defaultPath();
  return spawnError(failure, { command, cwd, path: typeof declared === "string" ? declared : undefined });
}
