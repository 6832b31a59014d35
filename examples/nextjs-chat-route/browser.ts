import { DefaultChatTransport, readUIMessageStream, type UIMessage } from "ai";

/** A user's browser with one conversation, which talks to the route as `useChat()` does. */
export class Browser {
  readonly #transport: DefaultChatTransport<UIMessage>;
  readonly #messages: UIMessage[] = [];

  constructor(application: URL, cookie: string) {
    const api = new URL("/api/chat", application).href;
    this.#transport = new DefaultChatTransport({ api, headers: { cookie } });
  }

  /** Says something and gives the text of the answer, once it is whole; an abort of `stop` is the button that stops it. */
  async say(text: string, stop?: AbortSignal): Promise<string> {
    this.#messages.push({ id: crypto.randomUUID(), role: "user", parts: [{ type: "text", text }] });
    const stream = await this.#transport.sendMessages({
      trigger: "submit-message",
      chatId: "chat",
      messageId: undefined,
      messages: this.#messages,
      abortSignal: stop,
    });
    let answer: UIMessage | undefined;
    for await (const message of readUIMessageStream({ stream, terminateOnError: true })) answer = message;
    if (answer === undefined) throw new Error("There was no answer.");
    this.#messages.push(answer);
    return answer.parts.map((part) => (part.type === "text" ? part.text : "")).join("");
  }
}
