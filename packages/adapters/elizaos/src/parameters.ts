import type { CatalogTool } from "@tenantry/core";
import type { CallArguments } from "@tenantry/core/adapter";

/** One parameter as elizaOS' list of actions shows it to a model. */
export interface ActionParameter {
  readonly type: string;
  readonly description: string;
  readonly required: boolean;
}

type Schema = Readonly<Record<string, unknown>>;

/** A tool's parameters in elizaOS' shape, which has no nesting: what else a schema says is in the description, as JSON. */
export function actionParameters({ inputSchema }: CatalogTool): Readonly<Record<string, ActionParameter>> {
  const required = new Set(inputSchema.required);
  const parameters = Object.entries(inputSchema.properties ?? {}).map(([name, given]) => {
    const schema = (typeof given === "object" ? given : {}) as Schema;
    const { type, description, title, ...rest } = schema;
    const told = typeof description === "string" ? description : title;
    const more = Object.keys(rest).length > 0 ? JSON.stringify(rest) : undefined;
    const text = [told, more].filter((part) => typeof part === "string").join(" ");
    return [
      name,
      { type: typeOf(type), description: text || `The ${name}.`, required: required.has(name) },
    ] as const;
  });
  // `fromEntries` defines what it is given, so that a parameter "__proto__" is one like any other.
  return Object.fromEntries(parameters);
}

/** Which required parameters a call lacks. */
export function missingParameters({ inputSchema }: CatalogTool, args: CallArguments): readonly string[] {
  const has = (name: string) => Object.hasOwn(args, name) && args[name] !== undefined;
  return (inputSchema.required ?? []).filter((name) => !has(name));
}

function typeOf(type: unknown): string {
  return Array.isArray(type) ? type.join(" or ") : typeof type === "string" ? type : "any";
}
