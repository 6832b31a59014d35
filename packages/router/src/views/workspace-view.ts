import type {
  CallToolOptions,
  CallToolResult,
  CompleteOptions,
  CompleteResult,
  CompletionArgument,
  CompletionTarget,
  GetPromptResult,
  ListOptions,
  Principal,
  PromptAddress,
  PromptListing,
  ReadResourceResult,
  RequestOptions,
  ResourceAddress,
  ResourceListing,
  ResourceTemplateListing,
  ServerStatus,
  ToolAddress,
  ToolListing,
  WorkspaceClient,
  WorkspaceEvent,
  WorkspaceFilter,
  WorkspaceSubscription,
  Method,
  Params,
  Result,
} from "@tenantry/core";
import {
  checkCompletion,
  checkPrompt,
  checkResource,
  checkTool,
  textsByName,
  unknownPrompt,
  unknownResource,
  unknownTool,
} from "../calls/address.ts";
import { jsonArguments } from "../calls/arguments.ts";
import { completed, ownerOfPrompt, ownerOfResource } from "./owners.ts";
import { askServer } from "../calls/server-request.ts";
import { ToolCall } from "../calls/tool-call.ts";
import { admitRead, type ReadRequest } from "../guards/read-guard.ts";
import { ToolGuard } from "../guards/tool-guard.ts";
import type { Kind } from "../catalog/kind.ts";
import { checkOptions } from "../request-options.ts";
import type { Candidate, Routing } from "../routing.ts";
import { statusOf, type Answer } from "./list-all.ts";
import { promptListing, resourceListing, templateListing, toolListing } from "./listings.ts";
import { Reach, type ReachOptions } from "./reach.ts";
import { subscribeAll } from "./subscribe-all.ts";

/**
 * One principal's view over all servers of a workspace. It keeps nothing open, and nobody who has it can make it
 * another principal's.
 */
export class WorkspaceView implements WorkspaceClient {
  readonly #reach: Reach;

  static {
    // What an object inherits is as good as its own: a changed method here would be every user's.
    Object.freeze(this.prototype);
  }

  constructor(routing: Routing, options: ReachOptions) {
    this.#reach = new Reach(routing, options);
    Object.freeze(this);
  }

  get principal(): Principal {
    return this.#reach.principal;
  }

  async listTools(options: ListOptions = {}): Promise<ToolListing> {
    return toolListing(this.#reach.routing, await this.#list("tools", options));
  }

  async listPrompts(options: ListOptions = {}): Promise<PromptListing> {
    return promptListing(this.#reach.routing, await this.#list("prompts", options));
  }

  async listResources(options: ListOptions = {}): Promise<ResourceListing> {
    return resourceListing(this.#reach.routing, await this.#list("resources", options));
  }

  async listResourceTemplates(options: ListOptions = {}): Promise<ResourceTemplateListing> {
    return templateListing(this.#reach.routing, await this.#list("resourceTemplates", options));
  }

  async servers(options: ListOptions = {}): Promise<readonly ServerStatus[]> {
    return (await this.#list("tools", { ...checkOptions(options), fresh: true })).map(statusOf);
  }

  callTool(tool: ToolAddress, args: object = {}, options: CallToolOptions = {}): Promise<CallToolResult> {
    // Not an asynchronous function: the call's own promise is the caller's.
    try {
      return this.#call(tool, args, options);
    } catch (failure) {
      return Promise.reject(failure as Error);
    }
  }

  #call(tool: ToolAddress, args: object, options: CallToolOptions): Promise<CallToolResult> {
    checkOptions(options);
    options.signal?.throwIfAborted();
    checkTool(tool);
    const json = jsonArguments(args, this.#reach.routing.limits);
    const candidates = this.#owners(tool, options);
    const [first, ...others] = candidates;
    const unknown = () => unknownTool(tool);
    const { guards } = this.#reach.routing;
    if (first === undefined && !guards.areOn) throw unknown();
    const call = new ToolCall(this.#reach.routing, {
      args: json,
      options,
      optionsFor: (candidate) => this.#reach.optionsFor(candidate, options),
      timeoutMs: options.timeoutMs ?? this.#reach.timeoutMs(candidates),
      server: others.length === 0 ? first?.route.target.server.id : undefined,
      unknown,
    });
    if (
      first === undefined ||
      guards.areOn ||
      candidates.some(({ listing }) => listing.server.trustsAnnotations)
    ) {
      const guard = new ToolGuard({ reach: this.#reach, tool, args: json, candidates, unknown });
      return call.guarded(guard, typeof tool === "string" ? tool : tool.tool);
    }
    if (typeof tool === "string") return call.byName([first, ...others], tool);
    return call.byPlace({ candidate: first, name: tool.tool });
  }

  async readResource(resource: ResourceAddress, options: RequestOptions = {}): Promise<ReadResourceResult> {
    checkOptions(options);
    checkResource(resource);
    const place = await ownerOfResource(this.#reach, resource, options);
    const read = { ...place, kind: "resources", unknown: () => unknownResource(resource) } as const;
    return this.#ask(read, "resources/read", { uri: place.name }, options);
  }

  async getPrompt(
    prompt: PromptAddress,
    args: Readonly<Record<string, string>> = {},
    options: RequestOptions = {},
  ): Promise<GetPromptResult> {
    checkOptions(options);
    checkPrompt(prompt);
    const texts = textsByName(args, "args");
    const place = await ownerOfPrompt(this.#reach, prompt, options, texts);
    const read = { ...place, kind: "prompts", args: texts, unknown: () => unknownPrompt(prompt) } as const;
    return this.#ask(read, "prompts/get", { name: place.name, arguments: texts }, options);
  }

  async complete(
    target: CompletionTarget,
    argument: CompletionArgument,
    { settled, ...options }: CompleteOptions = {},
  ): Promise<CompleteResult["completion"]> {
    checkOptions(options);
    checkCompletion(target, argument);
    const context = settled === undefined ? {} : { context: { arguments: textsByName(settled, "settled") } };
    const { read, ref } = await completed(this.#reach, target, options);
    const { name, value } = argument;
    const params = { ref, argument: { name, value }, ...context };
    return (await this.#ask(read, "completion/complete", params, options)).completion;
  }

  async subscribe(
    filter: WorkspaceFilter,
    listener: (event: WorkspaceEvent) => void,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<WorkspaceSubscription> {
    return subscribeAll(this.#reach, filter, listener, checkOptions(options));
  }

  async #ask<M extends Method>(
    read: ReadRequest,
    method: M,
    params: Params<M>,
    options: RequestOptions,
  ): Promise<Result<M>> {
    const { candidate } = read;
    const timeoutMs = options.timeoutMs ?? this.#reach.timeoutMs([candidate]);
    const check = await admitRead(this.#reach, read, { signal: options.signal, timeoutMs });
    const { route } = this.#reach.to(candidate.listing, options);
    return askServer(this.#reach.routing, route, {
      method,
      params,
      options: this.#reach.optionsFor(candidate, options),
      timeoutMs,
      check,
    });
  }

  #list<K extends Kind>(kind: K, options: ListOptions): Promise<readonly Answer<K>[]> {
    return this.#reach.list(kind, options, this.#reach.named(checkOptions(options).server));
  }

  #owners(tool: ToolAddress, options: CallToolOptions): readonly Candidate[] {
    return this.#reach.those(
      (listing) => (typeof tool === "string" ? listing.mayOwn(tool) : listing.ref.id === tool.server),
      options,
    );
  }
}
