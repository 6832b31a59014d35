import { expect, test as it, vi } from "vitest";
import { Call } from "./call.ts";
import { Inbox, type Hearer } from "./inbox.ts";
import { RequestIds } from "./link.ts";

const question = { jsonrpc: "2.0", id: "q", method: "elicitation/create" };

function inboxWith(...calls: readonly Call[]) {
  const inbox = new Inbox();
  const hear = vi.fn<Hearer["hear"]>();
  inbox.hearer = { hear };
  for (const call of calls) inbox.add(call);
  return { inbox, heard: () => hear.mock.lastCall?.[1] };
}

it("gives a question on a shared stream to the only call that there is, and to none of several", () => {
  const [first, second] = [new Call(1, "tools/call"), new Call(2, "tools/call")];
  const { inbox, heard } = inboxWith(first);
  inbox.receive(question);
  expect(heard()).toBe(first);
  inbox.add(second);
  inbox.receive(question);
  expect(heard()).toBeUndefined();
});

it("gives a late question of a call that was given up to no other call", () => {
  const [abandoned, other] = [new Call(1, "tools/call"), new Call(2, "tools/call")];
  const { inbox, heard } = inboxWith(abandoned);
  abandoned.outcome.catch(() => {});
  abandoned.fail("left");
  inbox.release(abandoned);
  inbox.add(other);
  inbox.receive(question);
  expect(heard()).toBeUndefined();
});

it("does not count a subscription among the calls that a question can belong to", () => {
  const subscription = new Call(1, "subscriptions/listen");
  subscription.isEndless = true;
  const call = new Call(2, "tools/call");
  const { inbox, heard } = inboxWith(subscription, call);
  inbox.receive(question);
  expect(heard()).toBe(call);
});

it("numbers the requests of all who share it, so that no answer fits two of them", () => {
  const ids = new RequestIds();
  expect(new Set([ids.next(), ids.next(), ids.next()]).size).toBe(3);
});
