import { expect, it } from "vitest";
import { frozen } from "../test/frozen.ts";
import { targets } from "../test/targets.ts";
import { modelTool } from "./index.ts";

const half = "\ud83d";
/** Every place of a schema that text can be in. */
const broken = frozen({
  type: "object",
  title: half,
  description: `Takes ${half}.`,
  [`x-${half}`]: [half],
  properties: {
    [`a${half}`]: { type: "string", enum: [half, "b"], default: half, description: half },
    whole: { type: "string", pattern: half, examples: [`🦉${half}`], const: half },
    list: { type: "array", items: { $ref: `#/$defs/d${half}` } },
  },
  required: [`a${half}`],
  $defs: { [`d${half}`]: { type: "string", $comment: half, description: half } },
  anyOf: [{ required: [half] }, { title: half }],
});
/** JSON text spells half a character out, with one backslash; the text of a spelt-out one has two. */
const isWhole = (value: unknown) => !/(?<!\\)(\\\\)*\\ud[89a-f]/iu.test(JSON.stringify(value));

it("shows no half of a character where there is no target", () => {
  const tool = frozen({ name: `a${half}`, description: `Does ${half}🦉.`, inputSchema: broken });
  expect(isWhole(tool)).toBe(false);
  const { name, description, schema } = modelTool(tool);
  expect([name, description]).toEqual(["a\ufffd", "Does \ufffd🦉."]);
  expect(isWhole(schema)).toBe(true);
  expect(Object.keys(schema["properties"] as object)).toEqual(["a\ufffd", "whole", "list"]);
  expect(JSON.stringify(schema)).toContain("🦉");
});

it.each(targets)(
  "shows no half of a character to $name, and finds a property's own name again",
  ({ target }) => {
    const tool = frozen({ name: `a${half}`, description: half.repeat(2_000), inputSchema: broken });
    const { name, description, schema, restore } = modelTool(tool, target);
    expect(isWhole([name, description, schema])).toBe(true);
    const [first = ""] = Object.keys(schema["properties"] as object);
    expect(restore({ [first]: "b" })).toEqual({ [`a${half}`]: "b" });
  },
);

it.each([undefined, ...targets.map(({ target }) => target)])(
  "makes a tool of what no server should say, for %o",
  (target) => {
    for (const inputSchema of [undefined, null, 7, "object", ["object"], {}, { type: "string" }]) {
      const tool = { name: "t", description: { text: "Does." }, inputSchema } as never;
      const made = modelTool(tool, target);
      expect(made.description ?? "").not.toContain("[object");
      expect(made.schema).toMatchObject({ type: "object" });
    }
  },
);

it("is the very same schema where nothing has to change", () => {
  const inputSchema = frozen({ type: "object", properties: { "🦉": { description: "an owl: 🦉" } } });
  expect(modelTool({ name: "t", inputSchema }).schema).toBe(inputSchema);
  const given = { a: 1 };
  expect(modelTool({ name: "t", inputSchema }).restore(given)).toBe(given);
});

it("ends with an object that holds itself, and with one that is deep", () => {
  const inputSchema: Record<string, unknown> = { type: "object", description: half };
  inputSchema["properties"] = { self: inputSchema };
  expect(modelTool({ name: "t", inputSchema }).schema["description"]).toBe("\ufffd");
  let deep: object = { description: half };
  for (let level = 0; level < 100_000; level++) deep = { items: deep };
  expect(modelTool({ name: "t", inputSchema: deep }).schema).toMatchObject({ type: "object" });
});

it("keeps a property that is called as what every object has", () => {
  const inputSchema = JSON.parse(
    `{"type":"object","properties":{"__proto__":{"description":"\\ud83d"}}}`,
  ) as object;
  const { properties } = modelTool({ name: "t", inputSchema }).schema as { properties: object };
  expect(Object.keys(properties)).toEqual(["__proto__"]);
});
