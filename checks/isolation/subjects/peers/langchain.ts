import type { IsolationSubject } from "@tenantry/testing/isolation";
import { importPeer } from "../../../bench/peer-folder.ts";

interface Tool {
  readonly name: string;
  invoke(args: object, config: { readonly signal: AbortSignal }): Promise<unknown>;
}
interface Library {
  MultiServerMCPClient: new (config: object) => {
    getTools(servers: readonly string[], options: object): Promise<readonly Tool[]>;
    close(): Promise<void>;
  };
}

/** One client for all; the headers of whoever asks are given to `getTools`, which is what its second argument is for. */
export const subject: IsolationSubject = {
  name: "@langchain/mcp-adapters 1.1",
  eras: ["legacy"],
  async open({ url, keyOf }) {
    const { MultiServerMCPClient } = (await importPeer("langchain", "@langchain/mcp-adapters")) as Library;
    const client = new MultiServerMCPClient({ mcpServers: { notes: { transport: "http", url: url.href } } });
    const toolsOf = (user: string) => {
      const key = keyOf(user);
      return client.getTools(
        ["notes"],
        key === undefined ? {} : { headers: { Authorization: `Bearer ${key}` } },
      );
    };
    return {
      listTools: async (user) => (await toolsOf(user)).map(({ name }) => name),
      callTool: async (user, name, args, { signal }) =>
        (await toolsOf(user)).find((tool) => tool.name.endsWith(name))?.invoke(args, { signal }),
      close: () => client.close(),
    };
  },
};
