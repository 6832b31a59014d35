import type { ChildProcessWithoutNullStreams } from "node:child_process";
import {
  quote,
  TenantryError,
  type Clock,
  type CloseReason,
  type Delivery,
  type Pipe,
  type Secret,
} from "@tenantry/core";
import { LineDecoder } from "./line-decoder.ts";
import type { OrphanGuard } from "./orphan-guard.ts";
import type { PipeLimits } from "./pipe-limits.ts";
import type { ProcessTree } from "./process-tree.ts";
import { StderrTail } from "./stderr-tail.ts";
import { holdEventLoop, waitAtMost } from "./wait.ts";

/** A pipe to a child process. It keeps the event loop running until it has ended. */
export interface ChildPipe extends Pipe {
  readonly pid: number;
  /** The last part of stderr, with the child's own secrets redacted; the server's text, so show it through `quote()`. */
  stderrTail(): string;
  /** How many lines on stdout were no JSON-RPC message. */
  readonly noiseCount: number;
}

/** What a pipe is built with, beside its child. */
export interface StdioPipeOptions {
  readonly command: string;
  readonly tree: ProcessTree;
  readonly guard: OrphanGuard;
  readonly clock: Clock;
  readonly limits: PipeLimits;
  readonly secrets: readonly Secret[];
}

/** States: open → ending (by its owner, or lost) → ended. */
export class StdioPipe implements ChildPipe {
  readonly pid: number;
  readonly closed: Promise<CloseReason>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #options: StdioPipeOptions;
  readonly #decoder: LineDecoder;
  readonly #stderr: StderrTail;
  readonly #exited = Promise.withResolvers<void>();
  readonly #released = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<CloseReason>();
  #receive: ((message: unknown) => void) | undefined;
  #started = false;
  #waiting: object[] = [];
  #waitingBytes = 0;
  #exit: string | undefined;
  #closedByOwner = false;
  #ending: Promise<void> | undefined;

  /** Must be built in the same turn as the child was started, before any of its events. */
  constructor(child: ChildProcessWithoutNullStreams, options: StdioPipeOptions) {
    this.pid = child.pid ?? 0;
    this.closed = this.#closed.promise;
    this.#child = child;
    this.#options = options;
    this.#decoder = new LineDecoder(options.limits);
    this.#stderr = new StderrTail(options.limits.stderrTailBytes, options.secrets);
    this.#listen();
  }

  get noiseCount(): number {
    return this.#decoder.noiseCount;
  }

  stderrTail(): string {
    return this.#stderr.text();
  }

  start(receive: (message: unknown) => void): void {
    if (this.#started) throw new TypeError("This pipe has been started; start it once.");
    this.#started = true;
    queueMicrotask(() => {
      this.#receive = receive;
      const waiting = this.#waiting;
      this.#waiting = [];
      this.#guarded(() => waiting.forEach((message) => this.#deliver(message, 0)));
      this.#child.stdout.resume();
    });
  }

  async send(message: unknown): Promise<void> {
    const text = JSON.stringify(message) as string | undefined;
    if (text === undefined) throw new TypeError("A message is a JSON object.");
    if (this.#ending !== undefined) throw this.#lost("The process has ended", "unsent");
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Called when the system has taken the whole line, so that a caller who waits never fills the memory.
    this.#child.stdin.write(`${text}\n`, (failure) => {
      if (failure) reject(this.#lost("The process ended while a message was sent to it", "unknown", failure));
      else resolve();
    });
    return promise;
  }

  close(): Promise<void> {
    if (this.#ending === undefined) {
      this.#closedByOwner = true;
      this.#waiting = [];
      // Goes on reading, and drops what it reads: a child that cannot write might not come to its end.
      this.#child.stdout.resume();
      this.#ending = this.#end().then(() => this.#closed.resolve({ kind: "closed" }));
    }
    return this.#ending;
  }

  /** Closes without any grace. */
  async kill(): Promise<void> {
    await this.#options.tree.signal("SIGKILL");
    await this.close();
  }

  #listen(): void {
    const { stdin, stdout, stderr } = this.#child;
    stdin.on("error", () => this.#vanish("stopped reading its stdin"));
    stdout.on("data", (chunk: Buffer) =>
      this.#guarded(() => this.#decoder.push(chunk, (message, bytes) => this.#deliver(message, bytes))),
    );
    stdout.on("end", () => {
      this.#guarded(() => this.#decoder.end((message, bytes) => this.#deliver(message, bytes)));
      this.#vanish("closed its stdout");
    });
    stdout.on("error", () => this.#vanish("closed its stdout"));
    stderr.on("data", (chunk: Buffer) => this.#stderr.push(chunk));
    stderr.on("error", () => {});
    this.#child.once("close", () => this.#released.resolve());
    this.#child.once("exit", (code, signal) => {
      this.#exit = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
      this.#options.tree.rootEnded();
      this.#exited.resolve();
      this.#vanish(this.#exit);
    });
  }

  #deliver(message: object, bytes: number): void {
    if (this.#closedByOwner) return;
    if (this.#receive !== undefined) return this.#receive(message);
    this.#waiting.push(message);
    this.#waitingBytes += bytes;
    if (this.#waitingBytes > waitingBytesLimit) this.#child.stdout.pause();
  }

  /** Runs what reads or delivers; whatever it throws ends the pipe, with that as the cause. */
  #guarded(task: () => void): void {
    try {
      task();
    } catch (cause) {
      // The child gets EPIPE instead of waiting for somebody to read on.
      this.#child.stdout.destroy();
      this.#lose(() => Promise.resolve(cause));
    }
  }

  /** The child went away, or shut one of its ends, of which the exit is the likely reason and follows at once. */
  #vanish(how: string): void {
    this.#lose(async () => {
      const { clock, limits } = this.#options;
      await waitAtMost(clock, Math.min(exitFollowsMs, limits.closeGraceMs), this.#exited.promise);
      const end = this.#exit ?? how;
      await waitAtMost(clock, drainMs, this.#released.promise);
      const last = this.#stderr.lastLine();
      const words = last === undefined ? "" : `; its stderr said ${quote(last, 400)}`;
      return this.#lost(`The process ${quote(this.#options.command)} ${end}${words}`, "unknown");
    });
  }

  #lose(findCause: () => Promise<unknown>): void {
    if (this.#ending !== undefined) return;
    const cause = findCause();
    this.#child.stdin.destroy();
    const told = cause.then((one) => this.#closed.resolve({ kind: "lost", cause: one }));
    this.#ending = Promise.all([told, this.#end(told)]).then(() => {});
  }

  /** Ends the tree, first by the end of stdin alone, and lets go of everything once `read` has settled too. */
  async #end(read?: Promise<void>): Promise<void> {
    const { tree, guard, clock, limits } = this.#options;
    const release = holdEventLoop();
    try {
      // Who left the group is known by its parent only while that parent lives.
      if (this.#exit === undefined) await tree.survey();
      this.#child.stdin.end();
      await waitAtMost(clock, limits.closeGraceMs, this.#exited.promise);
      await tree.end(clock, limits.closeGraceMs);
      await Promise.all([guard.release(), read]);
      for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) stream.destroy();
      await waitAtMost(clock, drainMs, this.#released.promise);
      this.#child.unref();
      // The system's handles are closed at the end of the loop's turn, which comes after that turn's immediates.
      await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
    } finally {
      release();
    }
  }

  #lost(what: string, delivery: Delivery, cause?: unknown): TenantryError {
    const details = { delivery, retryable: true, recover: "reconnect" } as const;
    const message = `${what}. Call again to start it anew.`;
    return new TenantryError(
      "CONNECTION_LOST",
      message,
      cause === undefined ? details : { ...details, cause },
    );
  }
}

/** Messages beyond this wait in the child's own pipe until the start. */
const waitingBytesLimit = 256 * 1024;
/** How long the exit may come after the end of a stream that it explains. */
const exitFollowsMs = 100;
/** How long the last output may be read after the exit, where a descendant keeps the streams open. */
const drainMs = 100;
