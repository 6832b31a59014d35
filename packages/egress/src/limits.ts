import { quote, TenantryError } from "@tenantry/core";

/** The bounds of every exchange. */
export interface EgressLimits {
  /** The longest response body, in bytes; defaults to 16 MiB. */
  readonly maxResponseBytes: number;
  /** The longest header section of a response, in bytes; defaults to 64 KiB. */
  readonly maxHeaderBytes: number;
  /** How long a socket may take to open, name resolution and TLS included, in milliseconds; defaults to 10,000. */
  readonly connectTimeoutMs: number;
  /** How long the response's headers may take, in milliseconds; defaults to `Infinity`: the caller's signal decides. */
  readonly firstByteTimeoutMs: number;
  /** How long `close()` waits for exchanges in flight before it ends them, in milliseconds; defaults to 2,000. */
  readonly closeGraceMs: number;
}

const defaults: EgressLimits = Object.freeze({
  maxResponseBytes: 16 * 1024 * 1024,
  maxHeaderBytes: 64 * 1024,
  connectTimeoutMs: 10_000,
  firstByteTimeoutMs: Infinity,
  closeGraceMs: 2_000,
});

/** What a timer can hold. */
const longestMs = 2_147_483_647;

/** Fills in the defaults; throws `CONFIG_INVALID`, naming the limit, for one that there is not or that it cannot keep. */
export function limitsOf(given: Partial<EgressLimits> = {}): EgressLimits {
  const limits = { ...defaults };
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(defaults, name));
  if (unknown !== undefined) {
    const known = Object.keys(defaults).join(", ");
    throw new TenantryError("CONFIG_INVALID", `limits has no ${quote(unknown)}; use ${known}.`);
  }
  for (const name of Object.keys(defaults) as (keyof EgressLimits)[]) {
    const value = given[name];
    if (value !== undefined) limits[name] = checkLimit(name, value);
  }
  return Object.freeze(limits);
}

function checkLimit(name: keyof EgressLimits, value: number): number {
  const isTime = name.endsWith("Ms");
  const most = isTime ? longestMs : Number.MAX_SAFE_INTEGER;
  const unbounded = value === Infinity && (name === "maxResponseBytes" || name === "firstByteTimeoutMs");
  const least = name === "closeGraceMs" ? 0 : 1;
  if (unbounded || (Number.isInteger(value) && value >= least && value <= most)) return value;
  const unit = isTime ? "milliseconds" : "bytes";
  throw new TenantryError(
    "CONFIG_INVALID",
    `limits.${name} is not a whole number of ${unit} from ${least} to ${most}.`,
  );
}
