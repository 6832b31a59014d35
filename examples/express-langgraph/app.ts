import { Command } from "@langchain/langgraph";
import express, { type Express, type Request } from "express";
import { configOf, type Agent } from "./agent.ts";

/** What `/chat` takes: a message or, where a question waits, the answer to it. */
export interface Asked {
  readonly message?: string;
  readonly approve?: boolean;
}

/** What `/chat` gives: the agent's answer or, without one, what it wants to do and may not without the user's word. */
export interface Told {
  readonly answer: string | undefined;
  readonly questions: readonly unknown[];
}

/** An application whose `/chat` runs the agent for whoever is signed in, on that user's own thread. */
export function createApp(agent: Agent, signedIn: (request: Request) => string | undefined): Express {
  const busy = new Set<string>();
  const app = express();
  app.post("/chat", express.json(), async (request, response) => {
    const user = signedIn(request);
    if (user === undefined) return void response.sendStatus(401);
    // A thread runs once at a time; else two clicks on "yes" would be two calls.
    if (busy.has(user)) return void response.sendStatus(409);
    busy.add(user);
    try {
      const step = stepOf((request.body ?? {}) as Asked, await questionsOf(agent, user));
      if (step === undefined) return void response.sendStatus(409);
      const { messages } = await agent.invoke(step, configOf(user));
      const questions = await questionsOf(agent, user);
      const answer = questions.length > 0 ? undefined : messages.at(-1)?.text;
      response.json({ answer, questions: questions.map(({ value }) => value) } satisfies Told);
    } finally {
      busy.delete(user);
    }
  });
  return app;
}

/** How the thread goes on: a message begins a turn, and one decision answers all questions; neither in place of the other. */
function stepOf({ message, approve }: Asked, questions: readonly { readonly id?: string }[]) {
  if (questions.length > 0) {
    if (typeof approve !== "boolean") return undefined;
    const answer = { decisions: [{ type: approve ? "approve" : "reject" }] };
    return new Command({ resume: Object.fromEntries(questions.map(({ id = "" }) => [id, answer])) });
  }
  return typeof message === "string" ? { messages: [{ role: "user", content: message }] } : undefined;
}

/** What the user's thread waits for. */
async function questionsOf(agent: Agent, user: string) {
  const { tasks } = await agent.graph.getState(configOf(user));
  return tasks.flatMap(({ interrupts }) => interrupts);
}
