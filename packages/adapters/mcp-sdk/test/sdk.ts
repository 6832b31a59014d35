import type { WorkspaceClient } from "@tenantry/core";
import type { TransportOptions } from "../src/index.ts";

/** A result as it comes; what of it is looked at is for the test to say. */
type Found = Readonly<Record<string, unknown>>;

/** How one request is made. */
interface CallOptions {
  readonly signal?: AbortSignal;
  readonly timeout?: number;
  readonly onprogress?: (progress: { progress: number; total?: number | undefined }) => void;
}

/** What an official client can be told to answer. */
export interface Answers {
  readonly "elicitation/create"?: (params: { message: string }) => object;
  readonly "sampling/createMessage"?: () => object;
  readonly "roots/list"?: () => object;
}

/** An official client, whichever version it is of: what the versions have in common. */
export interface SdkClient {
  onerror?: ((error: Error) => void) | undefined;
  onclose?: (() => void) | undefined;
  listTools(): Promise<{
    readonly tools: readonly { readonly name: string; readonly inputSchema: Found }[];
    readonly _meta?: Found | undefined;
  }>;
  listPrompts(): Promise<{ readonly prompts: readonly { readonly name: string }[] }>;
  listResources(): Promise<{ readonly resources: readonly { readonly uri: string }[] }>;
  listResourceTemplates(): Promise<{
    readonly resourceTemplates: readonly { readonly uriTemplate: string }[];
  }>;
  getPrompt(params: { name: string; arguments?: Record<string, string> }): Promise<Found>;
  readResource(params: { uri: string }): Promise<Found>;
  complete(params: object): Promise<{ readonly completion: { readonly values: readonly string[] } }>;
  subscribeResource(params: { uri: string }): Promise<unknown>;
  unsubscribeResource(params: { uri: string }): Promise<unknown>;
  setLoggingLevel(level: string): Promise<unknown>;
  ping(): Promise<unknown>;
  getServerVersion(): object | undefined;
  getServerCapabilities(): object | undefined;
  getInstructions(): string | undefined;
  close(): Promise<void>;
}

/** How a client is made for a test. */
export interface ClientSetup extends TransportOptions {
  readonly capabilities?: object;
  readonly listChanged?: object;
}

/** One version of the official SDK, with what differs between them. */
export interface Sdk {
  readonly version: string;
  readonly connect: (client: WorkspaceClient, setup?: ClientSetup) => Promise<SdkClient>;
  readonly call: (
    client: SdkClient,
    params: { name: string; arguments?: object; _meta?: object },
    options?: CallOptions,
  ) => Promise<Found>;
  readonly answer: (client: SdkClient, answers: Answers) => void;
  readonly hear: (
    client: SdkClient,
    method: Notification,
    listener: (params: Found | undefined) => void,
  ) => void;
}

/** What a client can be told of. */
type Notification =
  "notifications/tools/list_changed" | "notifications/resources/updated" | "notifications/message";
