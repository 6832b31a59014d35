import { quote, TenantryError } from "./error.ts";

/** Which limits may have a value that means "none". */
export interface LimitRules<L> {
  /** Limits that may be 0. */
  readonly mayBeZero?: readonly (keyof L)[];
  /** Limits that may be `Infinity`. */
  readonly mayBeInfinite?: readonly (keyof L)[];
}

/** The longest delay that the timers of every runtime keep; they fire at once beyond it. */
const longestMs = 2_147_483_647;

/**
 * Fills in the defaults of a package's limits. Throws `CONFIG_INVALID` for a limit that there is not, or that is not a
 * whole number from 1; a name that ends in `Ms` is a duration in milliseconds, of at most 2,147,483,647.
 */
export function fillLimits<L extends object>(
  given: Partial<L> | undefined,
  defaults: L,
  rules: LimitRules<L> = {},
): Readonly<L> {
  if (given !== undefined && (typeof given !== "object" || given === null || Array.isArray(given))) {
    throw new TenantryError("CONFIG_INVALID", "limits: expected an object.");
  }
  const limits = { ...defaults };
  for (const [name, value] of Object.entries(given ?? {}) as [keyof L & string, unknown][]) {
    if (!Object.hasOwn(defaults, name)) {
      const known = Object.keys(defaults).join(", ");
      throw new TenantryError("CONFIG_INVALID", `limits has no ${quote(name)}; use ${known}.`);
    }
    if (value !== undefined) limits[name] = checkLimit(name, value, rules) as L[typeof name];
  }
  return Object.freeze(limits);
}

function checkLimit<L>(name: keyof L & string, value: unknown, rules: LimitRules<L>): unknown {
  const least = rules.mayBeZero?.includes(name) ? 0 : 1;
  const most = name.endsWith("Ms") ? longestMs : Number.MAX_SAFE_INTEGER;
  const unbounded = value === Number.POSITIVE_INFINITY && rules.mayBeInfinite?.includes(name);
  if (unbounded || (Number.isInteger(value) && (value as number) >= least && (value as number) <= most))
    return value;
  throw new TenantryError(
    "CONFIG_INVALID",
    `limits.${name}: expected a whole number from ${least} to ${most}.`,
  );
}
