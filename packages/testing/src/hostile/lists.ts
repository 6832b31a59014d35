import { hostileCase, type HostileCase } from "./case.ts";
import { toolsPage, work } from "./polite.ts";
import { call, list, type Scene } from "./scene.ts";
import { atMost, countOf, mustFail, mustNotReach, mustSucceed } from "./verdict.ts";

const endlessPages = hostileCase({
  id: "DOS-07",
  title: "pages without an end",
  expected: "The list is given up after at most 200 pages, and long before its deadline.",
  stage: async (scene) => {
    const server = await paging(scene, (page) =>
      toolsPage([{ ...work, name: `work-${page}` }], `page-${page}`),
    );
    return {
      steps: scene.visit(scene.target(server.url), list),
      judge: () => [atMost(200, "pages", countOf(server.record, "tools/list"))],
    };
  },
});

const sameCursor = hostileCase({
  id: "DOS-07",
  title: "the same cursor again",
  expected: "The list is given up when a cursor comes for the second time.",
  stage: async (scene) => {
    const server = await paging(scene, (page) => toolsPage([{ ...work, name: `work-${page}` }], "again"));
    return {
      steps: scene.visit(scene.target(server.url), list),
      judge: () => [atMost(2, "pages", countOf(server.record, "tools/list"))],
    };
  },
});

const manyTools = hostileCase({
  id: "DOS-07",
  title: "a page of 100,000 tools",
  expected: "The list fails: ten times as many tools as are allowed, in a page below the bound for messages.",
  stage: async (scene) => {
    const tools = () =>
      Array.from({ length: scene.size.count }, (_, n) => ({
        name: `t${n}`,
        inputSchema: { type: "object" },
      }));
    const server = await paging(scene, () => toolsPage(tools()));
    return {
      steps: scene.visit(scene.target(server.url), list),
      judge: (outcome) => [mustFail(outcome, "list")],
    };
  },
});

const longDescriptions = hostileCase({
  id: "DOS-07",
  title: "descriptions of 1 MB, four a page, 60 pages",
  expected: "The list fails before more of it is held than a message may have.",
  stage: async (scene) => {
    const pages = 60;
    const description = "a".repeat(Math.floor(scene.size.limits.maxMessageBytes / 8));
    const names = ["a", "b", "c", "d"];
    const server = await paging(scene, (page) =>
      toolsPage(
        names.map((name) => ({ ...work, name: `${name}-${page}`, description })),
        page < pages ? `page-${page}` : undefined,
      ),
    );
    return {
      steps: scene.visit(scene.target(server.url), list),
      judge: (outcome) => [mustFail(outcome, "list")],
    };
  },
});

const remoteReferences = hostileCase({
  id: "DOS-07",
  title: "schemas that refer to a schema elsewhere",
  expected: "The list and the call succeed, and nothing is fetched.",
  stage: async (scene) => {
    const other = await scene.server(undefined, "schemas");
    const $ref = new URL("/schema.json", other.url).href;
    const schema = { type: "object", properties: { a: { $ref }, b: { $dynamicRef: $ref } } };
    const tool = { ...work, inputSchema: schema, outputSchema: schema };
    const server = await paging(
      scene,
      () =>
        toolsPage([
          tool,
          { ...tool, name: "other", inputSchema: { type: "object", $schema: $ref, $id: $ref } },
        ]),
      { a: 1, b: 2 },
    );
    return {
      steps: scene.visit(scene.target(server.url), list, call, { do: "wait", ms: 200 }),
      judge: (outcome) => [
        mustNotReach("The schema's server", other.record),
        mustSucceed(outcome, "list"),
        mustSucceed(outcome, "call"),
      ],
    };
  },
});

const endlessReferences = hostileCase({
  id: "DOS-07",
  title: "schemas that refer to themselves",
  expected:
    "The list and the call succeed; who checks a value against such a schema does not do so for ever.",
  stage: async (scene) => {
    const $defs = {
      loop: { allOf: [{ $ref: "#/$defs/loop" }] },
      tree: { properties: { a: { $ref: "#/$defs/tree" } } },
    };
    const schema = {
      type: "object",
      $defs,
      properties: { loop: { $ref: "#/$defs/loop" }, tree: { $ref: "#/$defs/tree" } },
    };
    const tool = { ...work, inputSchema: schema, outputSchema: schema };
    const server = await paging(scene, () => toolsPage([tool]), { loop: 1, tree: { a: { a: {} } } });
    return {
      steps: scene.visit(scene.target(server.url), list, call),
      judge: (outcome) => [mustSucceed(outcome, "list"), mustSucceed(outcome, "call")],
    };
  },
});

/** Cases about lists and the schemas in them. */
export const listCases: readonly HostileCase[] = [
  endlessPages,
  sameCursor,
  manyTools,
  longDescriptions,
  remoteReferences,
  endlessReferences,
];

/** A server that lists pages, counted from 1, and whose tool gives a structured result. */
export function paging(scene: Scene, pageOf: (page: number) => object, structuredContent: object = {}) {
  let page = 0;
  return scene.server(({ message, result }) => {
    if (message.method === "tools/list") result(pageOf(++page));
    else if (message.method === "tools/call")
      result({ resultType: "complete", content: [{ type: "text", text: "done" }], structuredContent });
    else return false;
    return true;
  });
}
