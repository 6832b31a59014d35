import { describe, expect, it } from "vitest";
import { frozen } from "../test/frozen.ts";
import { recordedServers } from "../test/servers.ts";
import { targets } from "../test/targets.ts";
import { untold } from "../test/told.ts";
import { fitTool, unfitArguments, type Target } from "./index.ts";

const servers = frozen(recordedServers());
const tools = servers.flatMap(({ server, tools: own }) => own.map((tool) => ({ server, tool })));

describe("the tools of published servers", () => {
  it("are those of at least fifteen", () => {
    expect(servers.length).toBeGreaterThanOrEqual(15);
    expect(tools.length).toBeGreaterThan(servers.length);
  });

  describe.each(targets)("for $name", ({ target, judge, loose }) => {
    it("are all taken", () => {
      const refused = tools.flatMap(({ server, tool }) => {
        const fitted = fitTool(tool, target);
        const complaints = (isStrict(target) && !fitted.strict ? loose : judge)(fitted);
        return complaints.map((complaint) => `${server} ${tool.name}: ${complaint}`);
      });
      expect(refused).toEqual([]);
    });

    it("have every limit kept or told", () => {
      const silent = tools.flatMap(({ server, tool }) =>
        untold(tool.inputSchema, fitTool(tool, target)).map((what) => `${server} ${tool.name}: ${what}`),
      );
      expect(silent).toEqual([]);
    });

    it("are the same when they are fitted once more", () => {
      for (const { tool } of tools) {
        const once = fitTool(tool, target);
        if (once.schema === undefined || (isStrict(target) && !once.strict)) continue;
        const { name, description, schema } = once;
        const again = fitTool({ name, description, inputSchema: schema }, target);
        expect({ changed: again.changed, schema: again.schema }).toEqual({ changed: false, schema });
      }
    });
  });

  it("are themselves where nothing has to change", () => {
    const same = tools.filter(({ tool }) => {
      const { schema, changed, hints } = fitTool(tool, { provider: "anthropic" });
      return !changed && schema === tool.inputSchema && hints.length === 0;
    });
    expect(same).toHaveLength(tools.length);
  });

  it("get arguments back that are already theirs", () => {
    for (const { target } of targets) {
      for (const { tool } of tools) {
        const given = frozen({});
        const { schema = {}, undo } = fitTool(tool, target);
        expect(unfitArguments(given, { schema, undo })).toBe(given);
      }
    }
  });
});

function isStrict(target: Target): boolean {
  return "strict" in target && target.strict === true;
}
