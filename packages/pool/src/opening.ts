import { raceAbort, type Connector, type Credential, type Poolable, type Target } from "@tenantry/core";

/** A connection together with what it was opened on. */
export interface Opened<C> {
  readonly connection: C;
  /** Closes the connection, then gives its endpoint back; the same promise every time. */
  close(): Promise<void>;
  /** Gives the endpoint back for a connection that ended by itself. */
  abandon(): Promise<void>;
}

/** What a connection is opened with. */
export interface Opening<C extends Poolable<P>, P> {
  readonly connector: Connector<C, P>;
  readonly target: Target;
  readonly credential: Credential | undefined;
  /** Ends the opening, and nothing after it. */
  readonly signal: AbortSignal;
  /** Is given the rest of an opening that was aborted: it settles when whatever still arrived is closed. */
  readonly onAborted: (rest: Promise<void>) => void;
}

/**
 * Borrows the endpoint and opens a connection on it. Rejects at the abort, however long the connector takes to notice;
 * the rest is given away within the abort itself, so that whoever aborts knows of it.
 */
export async function openConnection<C extends Poolable<P>, P>(opening: Opening<C, P>): Promise<Opened<C>> {
  const { signal, onAborted } = opening;
  const started = start(opening);
  const giveAway = () => onAborted(started.then((late) => late.close()).catch(() => {}));
  signal.addEventListener("abort", giveAway, { once: true });
  try {
    return await raceAbort(started, signal);
  } finally {
    signal.removeEventListener("abort", giveAway);
  }
}

async function start<C extends Poolable<P>, P>(opening: Opening<C, P>): Promise<Opened<C>> {
  const { connector, target, credential, signal } = opening;
  const borrowed = await target.upstream.endpoint(target.scope, { signal });
  let returned: Promise<void> | undefined;
  const giveBack = () => (returned ??= (async () => borrowed[Symbol.asyncDispose]())());
  try {
    signal.throwIfAborted();
    return opened(await connector.open(borrowed.endpoint, credential, { signal }), giveBack);
  } catch (failure) {
    // Why it could not be opened matters more than what came of cleaning up.
    await giveBack().catch(() => {});
    throw failure;
  }
}

function opened<C extends Poolable<unknown>>(connection: C, giveBack: () => Promise<void>): Opened<C> {
  let closing: Promise<void> | undefined;
  const close = async () => {
    try {
      await connection.close();
    } finally {
      await giveBack();
    }
  };
  return { connection, close: () => (closing ??= close()), abandon: giveBack };
}
