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
  unknownTool,
} from "../calls/address.ts";
import { jsonArguments } from "../calls/arguments.ts";
import { ownerOfPrompt, ownerOfResource } from "../calls/find-owner.ts";
import { askServer } from "../calls/server-request.ts";
import { ToolCall } from "../calls/tool-call.ts";
import type { Candidate } from "../calls/tool-lookup.ts";
import { askAll, statusOf, type Answer, type Read } from "../catalog/ask-all.ts";
import { promptListing, resourceListing, templateListing, toolListing } from "../catalog/listings.ts";
import { couldOwn } from "../names/tool-name.ts";
import { checkOptions } from "../request-options.ts";
import type { Routing } from "../routing.ts";
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
    return toolListing(await this.#list((listing, ...rest) => listing.tools(...rest), options));
  }

  async listPrompts(options: ListOptions = {}): Promise<PromptListing> {
    return promptListing(await this.#list((listing, ...rest) => listing.prompts(...rest), options));
  }

  async listResources(options: ListOptions = {}): Promise<ResourceListing> {
    return resourceListing(await this.#list((listing, ...rest) => listing.resources(...rest), options));
  }

  async listResourceTemplates(options: ListOptions = {}): Promise<ResourceTemplateListing> {
    return templateListing(
      await this.#list((listing, ...rest) => listing.resourceTemplates(...rest), options),
    );
  }

  async servers(options: ListOptions = {}): Promise<readonly ServerStatus[]> {
    return (await this.#list((listing, ...rest) => listing.tools(...rest), options)).map(statusOf);
  }

  async callTool(
    tool: ToolAddress,
    args: object = {},
    options: CallToolOptions = {},
  ): Promise<CallToolResult> {
    checkOptions(options);
    options.signal?.throwIfAborted();
    checkTool(tool);
    const json = jsonArguments(args, this.#reach.routing.limits);
    const [first, ...others] = this.#owners(tool);
    if (first === undefined) throw unknownTool(tool);
    const call = new ToolCall(this.#reach.routing, {
      args: json,
      options: this.#reach.optionsFor(first, options),
      timeoutMs: options.timeoutMs ?? this.#reach.timeoutMs([first, ...others]),
      ...(others.length === 0 ? { server: first.route.target.server.id } : {}),
      unknown: () => unknownTool(tool),
    });
    if (typeof tool === "string") return call.byName([first, ...others], tool);
    return call.byPlace({ candidate: first, tool: tool.tool });
  }

  async readResource(resource: ResourceAddress, options: RequestOptions = {}): Promise<ReadResourceResult> {
    checkOptions(options);
    checkResource(resource);
    const { candidate, name } = await ownerOfResource(this.#reach, resource, "resources", {
      signal: options.signal,
    });
    return this.#ask(candidate, "resources/read", { uri: name }, options);
  }

  async getPrompt(
    prompt: PromptAddress,
    args: Readonly<Record<string, string>> = {},
    options: RequestOptions = {},
  ): Promise<GetPromptResult> {
    checkOptions(options);
    checkPrompt(prompt);
    const texts = textsByName(args, "args");
    const { candidate, name } = await ownerOfPrompt(this.#reach, prompt, { signal: options.signal });
    return this.#ask(candidate, "prompts/get", { name, arguments: texts }, options);
  }

  async complete(
    target: CompletionTarget,
    argument: CompletionArgument,
    { settled, ...options }: CompleteOptions = {},
  ): Promise<CompleteResult["completion"]> {
    checkOptions(options);
    checkCompletion(target, argument);
    const { signal } = options;
    const { name, value } = argument;
    const context = settled === undefined ? {} : { context: { arguments: textsByName(settled, "settled") } };
    const owner =
      "prompt" in target
        ? await ownerOfPrompt(this.#reach, target.prompt, { signal })
        : await ownerOfResource(this.#reach, target.resourceTemplate, "resourceTemplates", { signal });
    const ref: Params<"completion/complete">["ref"] =
      "prompt" in target
        ? { type: "ref/prompt", name: owner.name }
        : { type: "ref/resource", uri: owner.name };
    const params = { ref, argument: { name, value }, ...context };
    return (await this.#ask(owner.candidate, "completion/complete", params, options)).completion;
  }

  async subscribe(
    filter: WorkspaceFilter,
    listener: (event: WorkspaceEvent) => void,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<WorkspaceSubscription> {
    return subscribeAll(this.#reach, filter, listener, checkOptions(options));
  }

  #ask<M extends Method>(
    candidate: Candidate,
    method: M,
    params: Params<M>,
    options: RequestOptions,
  ): Promise<Result<M>> {
    return askServer(this.#reach.routing, candidate.route, {
      method,
      params,
      options: this.#reach.optionsFor(candidate, options),
      timeoutMs: options.timeoutMs ?? this.#reach.timeoutMs([candidate]),
    });
  }

  #list<T>(read: Read<T>, options: ListOptions): Promise<readonly Answer<T>[]> {
    return askAll(this.#reach.routing, (listing) => this.#reach.to(listing).route, read, options);
  }

  #owners(tool: ToolAddress): readonly Candidate[] {
    return this.#reach.those(({ server: { ref } }) =>
      typeof tool === "string" ? couldOwn(ref.id, tool) : ref.id === tool.server,
    );
  }
}
