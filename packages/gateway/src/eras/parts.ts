import type { Clock, Era, Implementation, Principal, WorkspaceClient } from "@tenantry/core";
import type { InputRoundsOfClients } from "../asking/input-rounds.ts";
import type { Questions } from "../asking/questions.ts";
import type { Caller } from "../door/caller.ts";
import type { Endings } from "../exchange/endings.ts";
import type { Handles } from "../handles/handles.ts";
import type { Tally } from "../exchange/tally.ts";
import type { GatewayLimits } from "../limits.ts";
import type { Incoming } from "../wire/message.ts";

/** One HTTP request whose principal is known. */
export interface Visit {
  readonly request: Request;
  readonly caller: Caller;
  /** Whom it is made for; a client of the legacy era has a session of its own. */
  readonly principal: Principal;
  /** Whose it is by the host's word alone, as text: what bounds are counted by, however many sessions a client begins. */
  readonly owner: string;
}

/** A message of a client that expects an answer. */
export type RequestMessage = Extract<Incoming, { kind: "request" }>;

/** What both eras of one gateway share. */
export interface Parts {
  readonly replica: string;
  /** By what name what has come through here says so. */
  readonly instance: string;
  readonly serverInfo: Implementation;
  readonly instructions: string | undefined;
  readonly limits: GatewayLimits;
  readonly clock: Clock;
  readonly handles: Handles;
  readonly rounds: InputRoundsOfClients;
  readonly questions: Questions;
  readonly requests: Tally;
  readonly streams: Tally;
  /** Bodies that are being read. */
  readonly bodies: Tally;
  /** Whatever is under way and has to end with the gateway. */
  readonly open: Endings;
  readonly connect: (caller: Caller) => WorkspaceClient;
  /** Passes a request on to the process in which what it is about waits; gives an error's answer where it cannot. */
  readonly passOn: (visit: Visit, message: Incoming, replica: string) => Promise<Response>;
}

/** One request under way, as its era begins it. */
export interface Beginning {
  readonly era: Era;
  readonly visit: Visit;
  readonly message: RequestMessage;
}
