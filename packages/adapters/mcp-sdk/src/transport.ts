import { TenantryError, type Implementation, type WorkspaceClient } from "@tenantry/core";
import { Conversation } from "@tenantry/gateway/conversation";
import { serverView } from "./server-view.ts";

/** What a client of the official SDK sees of a workspace. */
export interface TransportOptions {
  /** The one server that it sees, under that server's own names; defaults to all, under the workspace's names. */
  readonly server?: string | undefined;
  /**
   * Whether it is told when lists change, for which every server that it sees is listened to until it is closed; defaults to
   * `false`. Resources that it subscribes to are told of in any case.
   */
  readonly changes?: boolean | undefined;
  /** What `getServerVersion()` gives; defaults to `tenantry` and a version. */
  readonly serverInfo?: Implementation | undefined;
  /** What `getInstructions()` gives; defaults to nothing. */
  readonly instructions?: string | undefined;
}

/**
 * A user's workspace as a transport of the official SDK, either line of it: what its client sends is done within the
 * process, as that user, on the connections that the workspace has. Throws `ARGUMENT_INVALID` without a user's client.
 */
export class WorkspaceTransport {
  /** Called once when the transport is closed. */
  onclose?: () => void;
  /** Called with what a receiver of messages throws. */
  onerror?: (error: Error) => void;
  /** Called with every message for the client. */
  onmessage?: (message: unknown) => void;
  readonly #conversation: Conversation;
  #state: "new" | "open" | "closed" = "new";

  constructor(client: WorkspaceClient, { server, ...options }: TransportOptions = {}) {
    checkClient(client);
    this.#conversation = new Conversation({
      ...options,
      client: server === undefined ? client : serverView(client, server),
      send: (message) => this.#deliver(message),
    });
  }

  /** Begins; nothing is opened at any server. Rejects with `CLOSED` where it began before. */
  async start(): Promise<void> {
    if (this.#state !== "new") throw closed();
    this.#state = "open";
  }

  /**
   * Takes a message of the client as it is now; the answer comes to `onmessage`. Rejects with `CLOSED` unless the transport is
   * open, and with `ARGUMENT_INVALID` for what is no data.
   */
  async send(message: object): Promise<void> {
    if (this.#state !== "open") throw closed();
    this.#conversation.receive(sent(message));
  }

  /** Ends every call and every subscription; the workspace's connections stay. */
  async close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#conversation.close();
    this.onclose?.();
  }

  #deliver(message: object): void {
    try {
      this.onmessage?.(message);
    } catch (failure) {
      this.onerror?.(failure instanceof Error ? failure : new Error("A receiver of messages failed."));
    }
  }
}

function checkClient(client: unknown): void {
  // It comes from a host's JavaScript as often as not.
  const given = client as Partial<WorkspaceClient> | null | undefined;
  if (typeof given?.callTool === "function" && given.principal !== undefined) return;
  throw new TenantryError("ARGUMENT_INVALID", "There is nobody to act for; give `workspace.as(user)`.");
}

/** What has been sent the client may change. */
function sent(message: object): object {
  try {
    return structuredClone(message);
  } catch (cause) {
    throw new TenantryError(
      "ARGUMENT_INVALID",
      "A message holds data; leave out what is none, such as functions.",
      {
        cause,
      },
    );
  }
}

function closed(): TenantryError {
  return new TenantryError("CLOSED", "The transport serves one client, once; make another.");
}
