import type { Call } from "./call.ts";
import type { Hearer } from "./inbox.ts";
import type { Fields, NotificationMessage, ReplyMessage } from "./message.ts";

/** Carries the messages of one connection and sorts what comes back to the calls that it belongs to. */
export interface Transport {
  /** Sends a call's request, as its turn comes; whatever becomes of it is the call's own outcome. */
  ask(call: Call, params: Fields | undefined): void;
  /** Sends what nobody answers; rejects where it was refused or cannot be sent. */
  tell(message: NotificationMessage | ReplyMessage): Promise<void>;
  /** Whether a reply would be sent: a server that asks and takes no answers gets no more of them. */
  readonly hasRoom: boolean;
  /** Says who hears what the server says of its own accord. */
  listen(hearer: Hearer): void;
  /** Speaks this protocol revision from now on. */
  speak(protocolVersion: string): void;
  /** Ends every exchange. */
  close(): Promise<void>;
}
