import type { WorkspaceId } from "@tenantry/core";
import { checkClientOptions } from "../client-options.ts";
import { checkContext, principalIn, type WorkspaceRouter } from "../router.ts";
import { Directory, type DirectoryOptions } from "./directory.ts";
import { LiveView, liveDiscovery } from "./live-view.ts";
import type { LoadedWorkspace, ServerSelection } from "./loaded-workspace.ts";
import { workspaceServers, type WorkspaceServers } from "./workspace-servers.ts";

/** What workspaces are made of. */
export interface WorkspacesOptions extends DirectoryOptions {
  /** Ends the selected connections at once, whoever uses them. */
  readonly revoke: (selection: ServerSelection) => Promise<void>;
}

/** A workspace whose servers change at run time. */
export interface LiveWorkspace extends WorkspaceRouter {
  readonly servers: WorkspaceServers;
}

/** All workspaces of an instance. Nothing is read before it is needed, and nothing is open but the store's `watch`. */
export interface Workspaces extends Disposable {
  workspace(id: WorkspaceId): LiveWorkspace;
  /** The workspace as it is now: at once where that is known. */
  current(id: WorkspaceId): LoadedWorkspace | Promise<LoadedWorkspace>;
}

/** Joins what the host's code and the store say of each workspace's servers. */
export function createWorkspaces(options: WorkspacesOptions): Workspaces {
  const directory = new Directory(options);
  return Object.freeze<Workspaces>({
    workspace(id) {
      const current = () => directory.current(id);
      return Object.freeze<LiveWorkspace>({
        servers: workspaceServers(id, directory, options.revoke),
        as: (principal, context, clientOptions = {}) =>
          new LiveView(current, {
            principal: principalIn(id, principal),
            context: Object.freeze({ ...checkContext(context) }),
            options: checkClientOptions(clientOptions),
            limits: options.limits,
          }),
        discovery: () => liveDiscovery(current),
      });
    },
    current: (id) => directory.current(id),
    [Symbol.dispose]: () => directory.close(),
  });
}
