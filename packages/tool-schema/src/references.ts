import { isObject } from "./json.ts";
import { fitDefinitionName } from "./names.ts";
import { nameOfStep, stepOf } from "./pointer.ts";

/** What a local reference leads to. */
export interface Referent {
  /** Where it is, as a JSON Pointer (RFC 6901) that is spelled in one way only. */
  readonly pointer: string;
  readonly schema: unknown;
}

/** How many parts of a schema are searched for references, at most; what has more counts as recursive. */
const maxSearched = 100_000;

/** Finds what the references of one schema lead to, in that schema only: nothing is ever fetched. */
export class References {
  readonly #root: Readonly<Record<string, unknown>>;
  readonly #recursive = new Map<string, boolean>();
  readonly #within = new Map<string, readonly Referent[] | undefined>();
  readonly #byName = new Map<string, Referent>();
  #isIndexed = false;

  constructor(root: Readonly<Record<string, unknown>>) {
    this.#root = root;
  }

  /** What a `$ref` leads to; `undefined` where that is not in this schema. */
  find(reference: string): Referent | undefined {
    const own = this.#root["$id"];
    const local =
      typeof own === "string" && own !== "" && reference.startsWith(own)
        ? reference.slice(own.length)
        : reference;
    if (local === "#" || local === "") return { pointer: "", schema: this.#root };
    if (local.startsWith("#/")) return this.#follow(local.slice(2));
    if (!this.#isIndexed) this.#index();
    return this.#byName.get(local);
  }

  /** Whether a `$ref` leads to a schema of this one in the end, and not round and round. */
  leadsToSchema(reference: string): boolean {
    const seen = new Set<string>();
    for (let next: unknown = reference; typeof next === "string";) {
      const referent = this.find(next);
      if (referent === undefined || seen.has(referent.pointer)) return false;
      seen.add(referent.pointer);
      next = isObject(referent.schema) ? referent.schema["$ref"] : undefined;
    }
    return true;
  }

  /** How many definitions there are by name. */
  get definitionCount(): number {
    return ["$defs", "definitions"].reduce((sum, section) => {
      const definitions = this.#root[section];
      return sum + (isObject(definitions) ? Object.keys(definitions).length : 0);
    }, 0);
  }

  /** Whether a schema comes to itself again by references. */
  isRecursive(referent: Referent): boolean {
    const known = this.#recursive.get(referent.pointer);
    if (known !== undefined) return known;
    const isRecursive = this.#reachesItself(referent);
    this.#recursive.set(referent.pointer, isRecursive);
    return isRecursive;
  }

  #reachesItself(start: Referent): boolean {
    const seen = new Set<string>();
    const open = [start];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const reached = this.#referencesWithin(next);
      if (reached === undefined) return true;
      for (const other of reached) {
        // What holds the start leads to it without a reference.
        if (start.pointer === other.pointer || start.pointer.startsWith(`${other.pointer}/`)) return true;
        if (seen.has(other.pointer)) continue;
        seen.add(other.pointer);
        open.push(other);
      }
    }
    return false;
  }

  /** What is referred to anywhere in a schema; `undefined` where it is too large to tell. */
  #referencesWithin({ pointer, schema }: Referent): readonly Referent[] | undefined {
    if (this.#within.has(pointer)) return this.#within.get(pointer);
    const found = new Map<string, Referent>();
    const seen = new Set<object>();
    const open: unknown[] = [schema];
    for (let part = open.pop(); open.length > 0 || part !== undefined; part = open.pop()) {
      if (typeof part !== "object" || part === null || seen.has(part)) continue;
      seen.add(part);
      if (seen.size > maxSearched) {
        this.#within.set(pointer, undefined);
        return undefined;
      }
      for (const key of Object.keys(part)) {
        const value = part[key as keyof typeof part] as unknown;
        if (key !== "$ref" || typeof value !== "string") {
          if (value !== undefined) open.push(value);
          continue;
        }
        const referent = this.find(value);
        if (referent !== undefined) found.set(referent.pointer, referent);
      }
    }
    const all = [...found.values()];
    this.#within.set(pointer, all);
    return all;
  }

  #follow(path: string): Referent | undefined {
    let schema: unknown = this.#root;
    let pointer = "";
    for (const step of path.split("/")) {
      const name = decoded(step);
      if (typeof schema !== "object" || schema === null || name === undefined) return undefined;
      if (!Object.hasOwn(schema, name)) return undefined;
      schema = schema[name as keyof typeof schema];
      pointer += `/${stepOf(name)}`;
    }
    return typeof schema === "boolean" || isObject(schema) ? { pointer, schema } : undefined;
  }

  /** Definitions that are referred to by `$anchor` or `$id`. */
  #index(): void {
    this.#isIndexed = true;
    for (const section of ["$defs", "definitions"]) {
      const definitions = this.#root[section];
      if (!isObject(definitions)) continue;
      for (const name of Object.keys(definitions)) {
        const schema = definitions[name];
        if (!isObject(schema)) continue;
        const pointer = `/${section}/${stepOf(name)}`;
        if (typeof schema["$id"] === "string") this.#byName.set(schema["$id"], { pointer, schema });
        if (typeof schema["$anchor"] === "string")
          this.#byName.set(`#${schema["$anchor"]}`, { pointer, schema });
      }
    }
  }
}

/** What a referent is called in `$defs`: by its own name there, and by its whole pointer elsewhere. */
export function definitionName(pointer: string): string {
  const [, section, name, ...more] = pointer.split("/");
  const isDefinition = (section === "$defs" || section === "definitions") && more.length === 0;
  const text = isDefinition && name !== undefined ? nameOfStep(name) : pointer;
  return fitDefinitionName(text);
}

/** A step of a pointer in a URI fragment (RFC 6901, section 6); `undefined` where it is malformed. */
function decoded(step: string): string | undefined {
  try {
    return nameOfStep(decodeURIComponent(step));
  } catch {
    return undefined;
  }
}
