import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pathOf, type Eras, type Form } from "./answers.ts";
import type { Question, Tally } from "./server.ts";

/** The server's process. */
export interface Serving extends Disposable {
  /** Has it listen on a port of its own, where every answer to a POST is `delayMs` late. */
  listen(delayMs: number): Promise<Listener>;
}

/** One of its ports. Another port is another origin: nobody has a socket to it, or a verdict on it. */
export interface Listener {
  url(eras: Eras, form: Form): URL;
  /** What has reached it since it was asked before. */
  tally(): Promise<Tally>;
  /** Ends it and every socket to it. */
  close(): Promise<void>;
}

/** Starts the server in a process of its own, which ends with this one. */
export function startServing(): Serving {
  const child = fork(join(import.meta.dirname, "server.ts"), { execArgv: [] });
  // One question at a time, so that the next message is its answer.
  const ask = async (question: Question): Promise<unknown> => {
    const answered = once(child, "message");
    child.send(question);
    return ((await answered) as [unknown])[0];
  };
  return {
    async listen(delayMs) {
      const port = (await ask({ ask: "listen", delayMs })) as number;
      return {
        url: (eras, form) => new URL(pathOf(eras, form), `http://127.0.0.1:${port}`),
        tally: async () => (await ask({ ask: "tally", port })) as Tally,
        close: async () => void (await ask({ ask: "close", port })),
      };
    },
    [Symbol.dispose]: () => void child.kill(),
  };
}
