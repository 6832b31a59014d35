/** Thrown where what a request is about waits in another process. */
export class Elsewhere extends Error {
  /** The process, as its gateway is called. */
  readonly replica: string;

  constructor(replica: string) {
    super("What the request is about waits in another process.");
    this.replica = replica;
  }
}
