import { hostileCase, type HostileCase } from "./case.ts";
import { pollution } from "./confront.ts";
import { call, type Scene } from "./scene.ts";
import type { WireMessage } from "./stage.ts";
import { mustFail, mustNotStall, mustSucceed, stepsOf } from "./verdict.ts";

const types = Object.freeze(["application/json", "text/event-stream"] as const);

/** Cases about JSON that is small to write down and dear to hold. */
export const valueCases: readonly HostileCase[] = [
  ...types.map(deep),
  ...types.map(manyKeys),
  manyEmpties(),
  hugeNumbers(),
  prototypeKeys(),
];

function deep(type: (typeof types)[number]): HostileCase {
  return hostileCase({
    id: "DOS-04",
    title: `100,000 levels in ${nameOf(type)}`,
    expected: "The call fails before anything that recurses has touched the answer.",
    stage: (scene) => {
      const levels = Math.max(5_000, scene.size.count);
      return answering(scene, type, () => `${"[".repeat(levels)}${"]".repeat(levels)}`, [mustFail]);
    },
  });
}

function manyKeys(type: (typeof types)[number]): HostileCase {
  return hostileCase({
    id: "DOS-04",
    title: `as many keys as fit below the bound, in ${nameOf(type)}`,
    expected: "The call ends, with or without its answer, and memory stays under twice the bound.",
    stage: (scene) =>
      answering(scene, type, () => keysUpTo(0.9 * scene.size.limits.maxMessageBytes), [mustEnd]),
  });
}

function manyEmpties(): HostileCase {
  return hostileCase({
    id: "DOS-04",
    title: "as many empty objects as fit below the bound",
    expected: "The call ends, with or without its answer, and memory stays under twice the bound.",
    stage: (scene) => {
      const many = Math.floor((0.9 * scene.size.limits.maxMessageBytes) / 3);
      return answering(scene, types[0], () => `[${"{},".repeat(many)}{}]`, [mustEnd]);
    },
  });
}

function hugeNumbers(): HostileCase {
  return hostileCase({
    id: "DOS-04",
    title: "numbers of a million digits",
    expected: "The call ends without a stall, with or without its answer.",
    stage: (scene) => {
      // Whoever reads them exactly pays for them with the square of their length, also where everything else is small.
      const digits = "9".repeat(Math.min(1_000_000, Math.floor(scene.size.limits.maxMessageBytes / 5)));
      return answering(scene, types[0], () => `[${digits},-${digits},0.${digits},1e${digits},1e400]`, [
        mustEnd,
        mustNotStall,
      ]);
    },
  });
}

function prototypeKeys(): HostileCase {
  return hostileCase({
    id: "DOS-04",
    title: "keys named __proto__ and constructor",
    expected: "The answer arrives, and no prototype has changed.",
    stage: (scene) => {
      const payload = `{"${pollution}":true}`;
      const value = `{"__proto__":${payload},"constructor":{"prototype":${payload}},"a":{"__proto__":${payload}}}`;
      return answering(scene, types[0], () => value, [mustSucceed]);
    },
  });
}

type Check = (outcome: Parameters<typeof mustFail>[0], step: "call") => string | undefined;

/** A server whose tool gives this value, as text that no JSON library has seen. */
async function answering(scene: Scene, type: string, value: () => string, checks: readonly Check[]) {
  const written = value();
  const server = await scene.server(({ message, pour }) => {
    if (message.method !== "tools/call") return false;
    const answer = answerOf(message, written);
    pour(type, [type === types[0] ? answer : `data: ${answer}\n\n`]);
    return true;
  });
  return {
    steps: scene.visit(scene.target(server.url), call),
    judge: (outcome: Parameters<Check>[0]) => checks.map((check) => check(outcome, "call")),
  };
}

function answerOf({ id }: WireMessage, value: string): string {
  const result = `{"resultType":"complete","content":[{"type":"text","text":"done"}],"structuredContent":{"value":${value}}}`;
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;
}

function mustEnd(outcome: Parameters<Check>[0]): string | undefined {
  return stepsOf(outcome, "call").length > 0 ? undefined : "There was no call.";
}

function keysUpTo(bytes: number): string {
  const members: string[] = [];
  for (let size = 0, key = 0; size < bytes; key++) {
    const member = `"${key.toString(36)}":0`;
    size += member.length + 1;
    members.push(member);
  }
  return `{${members.join(",")}}`;
}

function nameOf(type: string): string {
  return type === types[0] ? "JSON" : "an event";
}
