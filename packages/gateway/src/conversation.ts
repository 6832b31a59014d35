export { Conversation } from "./conversation/conversation.ts";
export type { ConversationOptions } from "./conversation/conversation.ts";
