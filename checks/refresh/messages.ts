/** How a host process is set up. */
export interface HostSetup {
  /** Its own way to the database that all hosts share. */
  readonly database: string;
  /** The MCP server. */
  readonly server: string;
  /** What grants are sealed with, in base64. */
  readonly sealingKey: string;
  readonly limits: RefreshLimits;
  /** Refreshes without any coordination, at this token endpoint: the negative control. */
  readonly naive?: { readonly tokenEndpoint: string } | undefined;
}

/** The times of a refresh, in milliseconds; the hosts hold them and the rules are judged by them. */
export interface RefreshLimits {
  readonly refreshTimeoutMs: number;
  readonly refreshLeaseMs: number;
}

/** What a host is asked to do. */
export type Task =
  /** Calls the server so often at once, as the same user. */
  | { readonly kind: "call"; readonly times: number }
  /** Ends the flow that a person has come back from. */
  | { readonly kind: "finish"; readonly callback: string };

/** How one call of a host, or the end of a flow, came out. */
export interface Outcome {
  /** Absent: it succeeded. */
  readonly code?: string;
  readonly message?: string;
  readonly authorizationUrl?: string;
  /** How long its caller waited, in milliseconds. */
  readonly tookMs: number;
}

/** A task on its way to a host. */
export interface Asked {
  readonly id: number;
  readonly task: Task;
}

/** Its answer. */
export interface Answered {
  readonly id: number;
  readonly outcomes: readonly Outcome[];
}
