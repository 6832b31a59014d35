import { tell, type Deviation, type ServerCapabilities } from "@tenantry/core";
import { acceptOldResult, acceptUnserved, type Accepted } from "./deviations.ts";
import { isObject, type Fields } from "./message.ts";
import type { OutputSchema, OutputSchemas } from "./schema/output-schemas.ts";
import type { ParamHeaders } from "./http/param-headers.ts";

/** Is told of a deviation; absent where nobody listens, so that nothing is looked for either. */
export type Note = ((deviation: Deviation) => void) | undefined;

/** What the results of one connection are read with. */
export interface ResultsOptions {
  /** What the server itself declared; absent where it was not asked. */
  readonly declared: ServerCapabilities | undefined;
  readonly schemas: OutputSchemas;
  /** Where arguments are mirrored into headers: over HTTP, in the modern era. */
  readonly paramHeaders: ParamHeaders | undefined;
}

/** Reads the results of one connection: what deviates is accepted and noted, and what lists tell of tools is kept. */
export class Results {
  readonly #declared: ServerCapabilities | undefined;
  readonly #schemas: OutputSchemas;
  readonly #paramHeaders: ParamHeaders | undefined;
  /** The tools that say what they give; made with the first of them, because few do. */
  #outputs: Map<string, OutputSchema> | undefined;

  constructor({ declared, schemas, paramHeaders }: ResultsOptions) {
    this.#declared = declared;
    this.#schemas = schemas;
    this.#paramHeaders = paramHeaders;
  }

  /** Reads one result, and gives it as a caller expects it. */
  read(method: string, params: Fields | undefined, result: Fields, note: Note): Fields {
    switch (method) {
      case "tools/list":
        return this.#readTools(result);
      case "tools/call":
        return this.#readCall(String(params?.name), result, note);
      default:
        return result;
    }
  }

  /** Reads one failure, and gives the result that it stands for; `undefined` where it is a failure. */
  readFailure(method: string, failure: unknown, note: Note): Fields | undefined {
    const declared = this.#declared;
    return declared && taken(acceptUnserved(method, failure, declared), note);
  }

  #readTools(result: Fields): Fields {
    const listed = this.#paramHeaders?.learn(result) ?? result;
    if (!Array.isArray(listed.tools)) return listed;
    for (const tool of listed.tools as readonly unknown[]) {
      if (!isObject(tool) || typeof tool.name !== "string") continue;
      const schema = this.#schemas.learn(tool.outputSchema);
      this.#outputs?.delete(tool.name);
      if (schema !== undefined && (this.#outputs?.size ?? 0) < maxOutputs)
        (this.#outputs ??= new Map()).set(tool.name, schema);
    }
    return listed;
  }

  #readCall(tool: string, result: Fields, note: Note): Fields {
    const old = taken(acceptOldResult(tool, result), note);
    if (old !== undefined || note === undefined) return old ?? result;
    const deviation = this.#schemas.check(this.#outputs?.get(tool), tool, result);
    if (deviation !== undefined) tell(note, deviation);
    return result;
  }
}

/** A server can give its tools other names with every list. */
const maxOutputs = 10_000;

function taken(accepted: Accepted | undefined, note: Note): Fields | undefined {
  if (accepted !== undefined && note !== undefined) tell(note, accepted.deviation);
  return accepted?.result;
}
