import type { Era } from "@tenantry/core";

/** The server that a subject connects to, and the keys of its users. */
export interface IsolationHost {
  /** The endpoint of an MCP server on 127.0.0.1 (Streamable HTTP). */
  readonly url: URL;
  /** The only era that the server speaks. */
  readonly era: Era;
  /** A user's key as of now, for `Authorization: Bearer`; `undefined` for a user who has none. It changes in some scenarios. */
  keyOf(user: string): string | undefined;
  /** A user with a key of whom nothing is asked: for lists before there is a user, or to evict others for. */
  readonly spare: string;
}

/** Anything that opens MCP connections for users: a library as its documentation has it used for several of them. */
export interface IsolationSubject {
  /** How it is called in a report. */
  readonly name: string;
  /** The eras that it speaks; defaults to both. */
  readonly eras?: readonly Era[];
  /** Begins anew, as a process of the host does. Connections may open here or on first use. */
  open(host: IsolationHost): OpenSubject | Promise<OpenSubject>;
}

/** A subject that runs. Any of its verbs may be called for several users at once, and may reject. */
export interface OpenSubject {
  /**
   * What a user is shown of each of their tools: its name, which may have a prefix, or better all that there is, in any
   * shape. Somebody without tools is shown none.
   */
  listTools(user: string): Promise<readonly unknown[]>;
  /**
   * Calls a tool by the server's own name for a user; gives what the user gets, in any shape. The signal aborts when the
   * user leaves.
   */
  callTool(
    user: string,
    tool: string,
    args: Readonly<Record<string, unknown>>,
    options: { readonly signal: AbortSignal },
  ): Promise<unknown>;
  /** Is told that a user has another key; absent where it finds out for itself, or cannot. */
  rotate?(user: string): Promise<void>;
  /** Calls `changed` whenever a user's list of tools has changed at the server; absent where it does not tell. */
  watch?(user: string, changed: () => void): Promise<void>;
  /** Lets go of what it keeps for a user who is idle, as for lack of room; gives whether it did. Absent where it never does. */
  evict?(user: string): Promise<boolean>;
  /** Closes everything. */
  close(): Promise<void>;
}
