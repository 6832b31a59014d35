import { describe, expect, it } from "vitest";
import { frozen } from "../test/frozen.ts";
import { judgeOpenAi } from "../test/judges/openai.ts";
import { fitTool, unfitArguments } from "./index.ts";

const inputSchema = frozen({
  type: "object",
  properties: { a: { type: "string" } },
  required: ["a"],
  additionalProperties: false,
} as const);

describe("a tool's name", () => {
  it.each(["get_weather", "a-b", "__proto__", "x".repeat(64)])("stays where it is taken: %s", (name) => {
    expect(fitTool({ name, inputSchema }, { provider: "openai" })).toMatchObject({ name, changed: false });
  });

  it.each(["", "a b", "ns/tool", "x".repeat(65), "é", "a.b"])("becomes one that is taken: %j", (name) => {
    const fitted = fitTool({ name, inputSchema }, { provider: "anthropic" });
    expect(fitted.name).toMatch(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/u);
    expect(fitted.changed).toBe(true);
  });

  it("is a pure function that keeps names apart", () => {
    const names = ["a b", "a_b", "a/b", "a  b", "x".repeat(65), "x".repeat(66)];
    const fit = () => names.map((name) => fitTool({ name, inputSchema }, { provider: "openai" }).name);
    expect(new Set(fit()).size).toBe(names.length);
    expect(fit()).toEqual(fit());
  });

  it("begins with a letter or an underscore for Google", () => {
    expect(fitTool({ name: "1st", inputSchema }, { provider: "google" }).name).toMatch(/^st--[0-9a-v]{12}$/u);
  });
});

describe("a tool's description", () => {
  it("says what has to be said of the root", () => {
    const schema = { ...inputSchema, minProperties: 1 } as const;
    const fitted = fitTool(
      { name: "t", description: "Does.", inputSchema: schema },
      { provider: "openai", strict: true },
    );
    expect(fitted.description).toBe("Does.\n\nConstraints: at least 1 properties.");
    expect(fitted.schema).not.toHaveProperty("description");
  });

  it("is absent where there is nothing to say", () => {
    expect(fitTool({ name: "t", inputSchema }, { provider: "anthropic" })).not.toHaveProperty("description");
    expect(fitTool({ name: "t", description: "", inputSchema }, { provider: "openai" })).toMatchObject({
      changed: false,
    });
  });

  it("goes on in the schema where it is longer than it may be", () => {
    const words = Array.from({ length: 400 }, (_, at) => `word${at}`).join(" ");
    const tool = { name: "t", description: words, inputSchema: { ...inputSchema, description: "Mine." } };
    const fitted = fitTool(frozen(tool), { provider: "openai" });
    expect(judgeOpenAi(fitted)).toEqual([]);
    const [first = "", rest = ""] = [fitted.description, String(fitted.schema["description"])];
    expect(`${first.replace(/ …$/u, "")} ${rest.replace(/^… /u, "")}`).toBe(`${words}\n\nMine.`);
    expect(fitTool(tool, { provider: "anthropic" }).description).toBe(words);
  });

  it("of a root that may have none holds what described it", () => {
    const tool = { name: "t", description: "Does.", inputSchema: { ...inputSchema, description: "Mine." } };
    const fitted = fitTool(tool, { provider: "bedrock" });
    expect(fitted.description).toBe("Does.\n\nMine.\n\nConstraints: no other properties.");
    expect(Object.keys(fitted.schema)).toEqual(["type", "properties", "required"]);
  });

  it("keeps the way back when it goes on in the schema", () => {
    const tool = {
      name: "t",
      description: "x ".repeat(600),
      inputSchema: { type: "object", properties: { a: { type: "string" } } } as const,
    };
    const fitted = fitTool(tool, { provider: "openai", strict: true });
    expect(unfitArguments({ a: null }, fitted)).toEqual({});
  });
});

describe("a tool without arguments", () => {
  it.each([{ type: "object" }, { type: "object", properties: {}, additionalProperties: false }] as const)(
    "is declared as each provider wants it: %j",
    (schema) => {
      const tool = { name: "t", inputSchema: schema };
      expect(fitTool(tool, { provider: "google" }).schema).toBeUndefined();
      expect(fitTool(tool, { provider: "google", field: "parametersJsonSchema" }).schema).toMatchObject({
        type: "object",
      });
      expect(fitTool(tool, { provider: "openai", strict: true }).schema).toEqual({
        type: "object",
        properties: {},
        required: [],
        additionalProperties: false,
      });
      expect(fitTool(tool, { provider: "anthropic" }).schema).toBe(schema);
    },
  );
});

describe("a strict mode", () => {
  const many = (count: number) => ({
    type: "object" as const,
    properties: Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, { type: "string" }])),
  });

  it("is said to be right where it was asked for and the tool is not too much", () => {
    const tool = { name: "t", inputSchema: many(24) };
    expect(fitTool(tool, { provider: "anthropic", strict: true }).strict).toBe(true);
    expect(fitTool(tool, { provider: "anthropic" }).strict).toBe(false);
    expect(fitTool(tool, { provider: "openai", strict: true }).strict).toBe(true);
  });

  it("is given up for a tool that is too much for it", () => {
    const tool = { name: "t", inputSchema: many(25) };
    const fitted = fitTool(tool, { provider: "anthropic", strict: true });
    expect(fitted.strict).toBe(false);
    expect(fitted.schema).toBe(tool.inputSchema);
  });
});
