import { hostileCase, type HostileCase } from "./case.ts";
import { paging } from "./lists.ts";
import { toolsPage, work } from "./polite.ts";
import { call, list } from "./scene.ts";
import { mustNotStall, mustSucceed, stepsOf } from "./verdict.ts";

interface Slow {
  readonly title: string;
  readonly schema: object;
  readonly value: object;
}

/** What takes a backtracking engine two to the power of this: a second or more on a fast machine, but never for ever. */
const exponent = 25;
/** The same for a validator that follows every reference each time. */
const doublings = 22;

const slows: readonly Slow[] = [
  {
    title: "an output schema whose pattern takes exponential time",
    schema: { properties: { a: { type: "string", pattern: "^(a+)+$" } } },
    value: { a: `${"a".repeat(exponent)}!` },
  },
  {
    title: "an output schema whose property names are such a pattern",
    schema: { patternProperties: { "^(a|a)*$": {} } },
    value: { [`${"a".repeat(exponent)}!`]: 1 },
  },
  {
    title: "an output schema whose references double",
    schema: { properties: { a: { $ref: "#/$defs/d0" } }, $defs: doubling(doublings) },
    value: { a: "a" },
  },
];

const schemas = slows.map(({ title, schema, value }) =>
  hostileCase({
    id: "DOS-09",
    title,
    expected: "The list and the call succeed, checked or not, and the event loop does not stand still.",
    async stage(scene) {
      const outputSchema = { type: "object", ...schema };
      const server = await paging(scene, () => toolsPage([{ ...work, outputSchema }]), value);
      return {
        steps: scene.visit(scene.target(server.url), list, call),
        judge: (outcome) => [
          mustSucceed(outcome, "list"),
          mustSucceed(outcome, "call"),
          mustNotStall(outcome),
        ],
      };
    },
  }),
);

/** Texts of header size on which a careless expression takes the square of their length, or worse. */
const texts = Object.freeze([
  `Bearer ${"a=".repeat(7_000)}`,
  `Bearer realm="${'\\"'.repeat(7_000)}`,
  `Bearer ${" ".repeat(14_000)}x`,
  `Bearer ${",".repeat(14_000)}`,
  `Bearer ${"a".repeat(14_000)}!`,
]);

const challenges = hostileCase({
  id: "DOS-09",
  title: "challenges that are slow to read",
  expected: "The calls fail, and the event loop does not stand still.",
  async stage(scene) {
    let calls = 0;
    const server = await scene.server(({ message, response }) => {
      if (message.method !== "tools/call") return false;
      response.writeHead(401, { "www-authenticate": texts[calls++ % texts.length] ?? "" }).end();
      return true;
    });
    return {
      steps: scene.visit(scene.target(server.url), list, ...texts.map(() => call)),
      judge: (outcome) => [
        stepsOf(outcome, "call").some(({ ended }) => ended === "done") ? "A call succeeded." : undefined,
        mustNotStall(outcome),
      ],
    };
  },
});

/** Cases about texts and schemas that take too long to check. */
export const patternCases: readonly HostileCase[] = [...schemas, challenges];

function doubling(levels: number): object {
  const twice = (level: number) => [{ $ref: `#/$defs/d${level + 1}` }, { $ref: `#/$defs/d${level + 1}` }];
  const definitions = Array.from({ length: levels }, (_, level) => [`d${level}`, { allOf: twice(level) }]);
  return Object.fromEntries([...definitions, [`d${levels}`, { type: "string" }]]);
}
