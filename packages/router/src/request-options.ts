import {
  TenantryError,
  type CallToolOptions,
  type ListOptions,
  type ServerRequestHandlers,
} from "@tenantry/core";
import { checkTimeout } from "./limits.ts";

/** Checks how a list is asked for or a tool is called; throws `ARGUMENT_INVALID` and says what to give instead. */
export function checkOptions<O extends ListOptions & CallToolOptions>(options: O): O {
  // A call from JavaScript, or with a value that was only thought to be typed.
  const given: unknown = options;
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw invalid("The options of a request are no object; give one, such as { timeoutMs: 5_000 }, or none.");
  const { signal, timeoutMs, handlers } = options;
  if (signal !== undefined) checkSignal(signal);
  if (timeoutMs !== undefined) checkTimeout(timeoutMs);
  for (const name of listeners) checkFunction(name, options[name]);
  if (handlers !== undefined) checkHandlers(handlers);
  return options;
}

const listeners = ["onProgress", "onLog", "onDeviation"] as const;
const handlerNames = ["onElicitation", "onSampling", "onRoots"] as const;

function checkHandlers(handlers: ServerRequestHandlers): void {
  if (typeof handlers !== "object" || (handlers as unknown) === null)
    throw invalid("handlers is no object; give one, such as { onElicitation }, or leave it out.");
  for (const name of handlerNames) checkFunction(`handlers.${name}`, handlers[name]);
}

function checkFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function")
    throw invalid(`${name} is no function; give one, or leave it out.`);
}

function checkSignal(signal: unknown): void {
  const is = Object(signal) as Partial<AbortSignal>;
  // Not by its class: a signal of another realm or of a polyfill is as good.
  const methods = [is.addEventListener, is.removeEventListener, is.throwIfAborted];
  if (typeof is.aborted === "boolean" && methods.every((one) => typeof one === "function")) return;
  const controls = "signal" in is && "abort" in is;
  throw invalid(
    controls
      ? "The signal of a request is an AbortController; give controller.signal."
      : "The signal of a request is no AbortSignal; give the signal of an AbortController, or leave it out.",
  );
}

function invalid(message: string): TenantryError {
  return new TenantryError("ARGUMENT_INVALID", message);
}
