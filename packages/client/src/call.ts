import { tell, type LogMessage, type Progress, type ServerRequestHandlers } from "@tenantry/core";
import type { Answer, Id, ServerMessage } from "./message.ts";

/** Who hears of what comes for one call beside its answer. */
export interface CallListeners {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly onLog?: ((message: LogMessage) => void) | undefined;
  /** Takes the notifications that come for the call and that are neither progress nor a log message. */
  readonly onNotification?: ((message: ServerMessage) => void) | undefined;
  readonly handlers?: ServerRequestHandlers | undefined;
}

/** One request in flight: what its caller and the wire must know of each other. */
export class Call {
  readonly id: Id;
  readonly method: string;
  readonly listeners: CallListeners;
  /** Settles once, with the answer or with the reason why there is none. */
  readonly outcome: Promise<Answer>;
  /** Gives every secret that went out with it, so that none of them comes back in a message. */
  secrets: () => readonly string[] = none;
  /** What goes beside it in headers of its own. */
  headers: Readonly<Record<string, string>> | undefined;
  /** Whether its stream stays open for as long as it is wanted, and so has no bound but for each message. */
  isEndless = false;
  /** Whether any of it may have left the process. */
  sent = false;
  /** Is told when the call is given up before it has its answer. */
  onEnd: (() => void) | undefined;
  #state: "pending" | "answered" | "failed" = "pending";
  #resolve!: (answer: Answer) => void;
  #reject!: (reason: unknown) => void;

  constructor(id: Id, method: string, listeners: CallListeners = nobody) {
    this.id = id;
    this.method = method;
    this.listeners = listeners;
    this.outcome = new Promise<Answer>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Whether it still waits for its answer. */
  get isPending(): boolean {
    return this.#state === "pending";
  }

  /** Whether the server has answered. */
  get isAnswered(): boolean {
    return this.#state === "answered";
  }

  /** Records the answer; the first one counts, and none after the call has failed. */
  answered(answer: Answer): void {
    if (this.#state !== "pending") return;
    this.#state = "answered";
    this.#resolve(answer);
  }

  /** Records why there will be no answer; does nothing once there is one, or a reason. */
  fail(reason: unknown): void {
    if (this.#state !== "pending") return;
    this.#state = "failed";
    this.#reject(reason);
  }

  /** Gives the call up: records why, tells the server and ends the exchange. */
  end(reason: unknown): void {
    if (this.#state !== "pending") return;
    this.fail(reason);
    this.onEnd?.();
  }

  /** Tells the caller how far the work has come. */
  progressed(progress: Progress): void {
    tell(this.listeners.onProgress, progress);
  }

  /** Gives the caller another notification. */
  notified(message: ServerMessage): void {
    tell(this.listeners.onNotification, message);
  }

  /** Gives the caller a log message. */
  logged(message: LogMessage): void {
    tell(this.listeners.onLog, message);
  }
}

const nobody: CallListeners = Object.freeze({});
const none = (): readonly string[] => [];
