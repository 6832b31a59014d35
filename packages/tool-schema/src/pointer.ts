/** A name as a step of a JSON Pointer (RFC 6901, section 3). */
export function stepOf(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The name that a step of a JSON Pointer stands for (RFC 6901, section 4). */
export function nameOfStep(step: string): string {
  return step.replaceAll("~1", "/").replaceAll("~0", "~");
}
