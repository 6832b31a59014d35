import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import type { Clock } from "@tenantry/core";
import { defaultPath } from "./default-path.ts";
import { waitAtMost } from "./wait.ts";

/** The tree that is ended where its host can no longer do it. */
export interface GuardedTree {
  readonly root: number;
  /** When the root started, in the unit of `/proc/<pid>/stat`; zero where there is none. */
  readonly startedAt: number;
  readonly marker: string | undefined;
  /** Defaults to the system's, `/bin/sh`. */
  readonly shell?: string;
}

/** Watches over one child from outside the host's process. */
export interface OrphanGuard {
  /** Says that the tree has ended; resolves when the guard is gone too. */
  release(): Promise<void>;
}

/**
 * Starts what ends a tree after its host was killed: a shell that reads from the host and hears either that all is
 * well or, when the system closes the dead host's end, nothing. It is told of the tree there too, because arguments are
 * for everybody to see; it has no environment of the host's, a session of its own, and keeps no event loop running.
 * Does not wait for it. Where it cannot be started, the child runs without it. On Windows there is none.
 */
export function startOrphanGuard(
  { root, startedAt, marker = "-", shell = "/bin/sh" }: GuardedTree,
  clock: Clock,
): OrphanGuard {
  const guard = process.platform === "win32" ? undefined : spawnGuard(shell);
  if (guard?.pid === undefined) return unguarded;
  const gone = new Promise<void>((resolve) => guard.once("exit", () => resolve()));
  guard.unref();
  // Node's is a socket; another runtime's may be something else.
  (guard.stdin as Partial<Socket>).unref?.();
  // Nothing waits in this pipe, so that the write is done when it returns, and a host killed now has told already.
  guard.stdin.write(`${root} ${startedAt} ${marker}\n`);
  return {
    async release() {
      guard.stdin.end("\n");
      await waitAtMost(clock, releaseMs, gone);
      guard.kill("SIGKILL");
      guard.stdin.destroy();
    },
  };
}

function spawnGuard(shell: string): ChildProcessByStdio<Writable, null, null> | undefined {
  // Node hands its own NODE_V8_COVERAGE to every child, unless the key is there.
  const env = { PATH: defaultPath(), LC_ALL: "C", NODE_V8_COVERAGE: undefined };
  try {
    const guard = spawn(shell, ["-c", watch, "tenantry-orphan-guard"], {
      env,
      cwd: "/",
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    guard.on("error", () => {});
    guard.stdin.on("error", () => {});
    return guard;
  } catch {
    return undefined;
  }
}

const unguarded: OrphanGuard = Object.freeze({ release: () => Promise.resolve() });

/** How long the guard may take to hear that all is well. */
const releaseMs = 500;

/**
 * The same survey as `ProcessTree` makes, in the language of `sh` with `grep` and `sleep`: on Linux five times a second
 * until nobody is left, for ten seconds at most, with SIGKILL from the third time on. The end of stdin may be enough,
 * and a SIGTERM would give the deaf a last chance to start somebody. Elsewhere the group alone is ended.
 */
const watch = `
trap '' HUP INT TERM
read -r root begin marker || exit 0
read -r _ && exit 0

if ! [ -r /proc/self/stat ] || ! command -v grep >/dev/null; then
  sleep 1
  kill -s KILL -- "-$root"
  exit 0
fi

set -f
feed='
'

# Who started no earlier than the root, as five words each: number, parent, group, session, start. The number is that of
# the file, and the rest comes after the last parenthesis, because a name may hold whatever it likes.
list() {
  young=
  IFS=$feed
  for line in $(set +f; grep -s "" /proc/[0-9]*/stat); do
    IFS=' '
    pid=\${line#/proc/}
    pid=\${pid%%/*}
    set -- \${line##*") "}
    [ $# -lt 20 ] && continue
    [ "$pid" = $$ ] && reaper=$2
    case $1 in Z | X) continue ;; esac
    [ "\${20}" -lt "$begin" ] && continue
    young="$young $pid $2 $3 $4 \${20}"
    # The number was free and is another's now.
    if [ "$pid" = "$root" ] && [ "\${20}" != "$begin" ]; then root=none; fi
  done
  IFS=' '
}

# The shell leaves out the NUL characters between the variables.
is_marked() {
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in *"$marker"*) return 0 ;; esac
  done <"/proc/$1/environ"
  return 1
}

# An orphan was adopted by whoever has adopted this shell.
survey() {
  list
  members=' '
  set -- $young
  while [ $# -gt 0 ]; do
    case " $3 $4 $known" in
      *" $root "* | *" $1:$5 "*) members="$members$1:$5 " ;;
      *) if [ "$2" = "$reaper" ] && is_marked "$1"; then members="$members$1:$5 "; fi ;;
    esac
    shift 5
  done
  more=yes
  while [ -n "$more" ]; do
    more=
    set -- $young
    while [ $# -gt 0 ]; do
      case $members in
        *" $1:"*) ;;
        *" $2:"*) members="$members$1:$5 " more=yes ;;
      esac
      shift 5
    done
  done
  known=$members
}

signal() {
  for one in $members; do kill -s "$1" "\${one%:*}"; done
}

# Who is stopped starts nobody else, who might be lost with its parent.
freeze() {
  stopped=
  while [ "$members" != "$stopped" ] && [ $round -lt 50 ]; do
    stopped=$members
    signal STOP
    survey
    round=$((round + 1))
  done
}

known=' '
reaper=$PPID
before=
round=0
while [ $round -lt 50 ]; do
  survey
  # The pipe ends shortly before the host does and its children are adopted; and who is just becoming another program
  # has no marker for a moment.
  [ "$before$members" = '  ' ] && [ "$reaper" != "$PPID" ] && exit 0
  before=$members
  [ $round -ge 2 ] && freeze && signal KILL
  round=$((round + 1))
  sleep 0.2
done
`;
