import { isPlainObject, quote, TenantryError, type Json, type JsonObject } from "@tenantry/core";
import type { RouterLimits } from "../limits.ts";

type ArgumentLimits = Pick<RouterLimits, "maxArgumentDepth" | "maxArgumentSize">;

/**
 * Copies a call's arguments as JSON that nobody can change, so that what is sent is what was checked. Properties that are `undefined` are left
 * out, as in `JSON.stringify`. Throws `ARGUMENT_INVALID`, naming the place and never the value, for anything else that
 * JSON cannot hold, and `LIMIT_EXCEEDED` past a limit.
 */
export function jsonArguments(args: unknown, limits: ArgumentLimits): JsonObject {
  if (isPlainObject(args)) return new ArgumentCopy(limits).object(args);
  throw new TenantryError(
    "ARGUMENT_INVALID",
    "The arguments of a call must be a plain object; give one, such as {}.",
  );
}

class ArgumentCopy {
  readonly #limits: ArgumentLimits;
  readonly #place: (string | number)[] = [];
  readonly #ancestors = new Set<object>();
  #size = 0;

  constructor(limits: ArgumentLimits) {
    this.#limits = limits;
  }

  object(value: Readonly<Record<string, unknown>>): JsonObject {
    return this.#within(value, () => {
      const members: [string, Json][] = [];
      for (const [key, member] of Object.entries(value))
        if (member !== undefined) members.push([key, this.#member(key, member)]);
      // `fromEntries` defines what it is given, so that a key "__proto__" is a key like any other.
      return Object.freeze(Object.fromEntries(members));
    });
  }

  #member(key: string | number, value: unknown): Json {
    this.#count(typeof key === "string" ? key.length : 0);
    this.#place.push(key);
    const copied = this.#value(value);
    this.#place.pop();
    return copied;
  }

  #value(value: unknown): Json {
    this.#count(typeof value === "string" ? value.length + 1 : 1);
    if (value === null || typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value === "number") {
      if (Number.isFinite(value)) return value;
      throw this.#invalid("is not a finite number");
    }
    if (Array.isArray(value))
      return this.#within(value, () =>
        Object.freeze(Array.from(value, (item, at) => this.#member(at, item))),
      );
    if (isPlainObject(value)) return this.object(value);
    throw this.#invalid(
      typeof value === "object" ? "is not a plain object" : `is of the type ${typeof value}`,
    );
  }

  #within<T>(value: object, copy: () => T): T {
    if (this.#ancestors.has(value)) throw this.#invalid("contains itself");
    if (this.#ancestors.size >= this.#limits.maxArgumentDepth) {
      throw exceeded(`are nested more than ${this.#limits.maxArgumentDepth} levels deep`, "maxArgumentDepth");
    }
    this.#ancestors.add(value);
    const copied = copy();
    this.#ancestors.delete(value);
    return copied;
  }

  #count(size: number): void {
    this.#size += size;
    if (this.#size <= this.#limits.maxArgumentSize) return;
    throw exceeded(`are larger than ${this.#limits.maxArgumentSize} characters`, "maxArgumentSize");
  }

  #invalid(why: string): TenantryError {
    const place = this.#place.map((key) => `[${typeof key === "number" ? key : quote(key, 40)}]`).join("");
    return new TenantryError(
      "ARGUMENT_INVALID",
      `arguments${place} ${why}; give a value that JSON can hold.`,
    );
  }
}

function exceeded(why: string, limit: string): TenantryError {
  return new TenantryError(
    "LIMIT_EXCEEDED",
    `The arguments of a call ${why}; send less or raise limits.${limit}.`,
  );
}
