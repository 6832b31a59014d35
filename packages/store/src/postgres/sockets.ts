import { Socket } from "node:net";

/** The sockets of connections, so that they end with them whatever the server does. */
export class Sockets {
  readonly #open = new Set<Socket>();

  /** Creates one that is not connected yet. */
  create(): Socket {
    const socket = new Socket();
    this.#open.add(socket);
    return socket.once("close", () => this.#open.delete(socket));
  }

  /** Ends those that are left. */
  destroy(): void {
    for (const socket of this.#open) socket.destroy();
  }
}
