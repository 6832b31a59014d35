import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import * as types from "@modelcontextprotocol/sdk/types.js";
import { connect } from "../src/v1.ts";
import type { Answers, Sdk } from "./sdk.ts";

const requests = {
  "elicitation/create": types.ElicitRequestSchema,
  "sampling/createMessage": types.CreateMessageRequestSchema,
  "roots/list": types.ListRootsRequestSchema,
};
const notifications = {
  "notifications/tools/list_changed": types.ToolListChangedNotificationSchema,
  "notifications/resources/updated": types.ResourceUpdatedNotificationSchema,
  "notifications/message": types.LoggingMessageNotificationSchema,
};

/** Version 1, of which request and notification handlers are named by their schemas. */
export function v1(version: string): Sdk {
  const own = (client: unknown) => client as Client;
  return {
    version,
    connect: async (client, setup) => (await connect(client, setup)) as never,
    call: (client, params, options) => own(client).callTool(params as never, undefined, options),
    answer: (client, answers) => {
      for (const [method, answer] of Object.entries(answers))
        own(client).setRequestHandler(requests[method as keyof Answers], ({ params }) =>
          answer(params as never),
        );
    },
    hear: (client, method, listener) =>
      own(client).setNotificationHandler(notifications[method], ({ params }) => listener(params as never)),
  };
}
