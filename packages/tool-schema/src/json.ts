/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether two JSON values say the same, in whatever order; never deeper than `maxDepth` levels, where it answers no. */
export function isSame(one: unknown, other: unknown, maxDepth = 1_024): boolean {
  if (Object.is(one, other)) return true;
  if (maxDepth === 0 || typeof one !== "object" || typeof other !== "object") return false;
  if (one === null || other === null || Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every(
    (key) =>
      Object.hasOwn(other, key) &&
      isSame(one[key as keyof typeof one], other[key as keyof typeof other], maxDepth - 1),
  );
}

/** JSON text of a value, cut to `maxLength` UTF-16 units, whatever the value's size, depth and cycles. */
export function printed(value: unknown, maxLength: number): string {
  const print = (part: unknown, room: number, depth: number): string => {
    if (typeof part === "string") return JSON.stringify(part.slice(0, room));
    if (typeof part !== "object" || part === null) return JSON.stringify(part) ?? "null";
    if (depth === 0) return "…";
    const [open, close] = Array.isArray(part) ? ["[", "]"] : ["{", "}"];
    let text = open;
    for (const key of Object.keys(part)) {
      if (text.length > room) break;
      if (text.length > 1) text += ",";
      if (open === "{") text += `${JSON.stringify(key.slice(0, room))}:`;
      text += print(part[key as keyof typeof part], room - text.length, depth - 1);
    }
    return text + close;
  };
  return cut(print(value, maxLength, 6), maxLength);
}

/** About how long the JSON text of a value is, counted no further than `limit`. */
export function sizeOf(value: unknown, limit: number): number {
  let size = 0;
  const open: unknown[] = [value];
  for (let left = 1; left > 0 && size <= limit; left = open.length) {
    const part = open.pop();
    if (typeof part === "string") size += part.length + 2;
    else if (typeof part !== "object" || part === null) size += 4;
    else {
      for (const key of Object.keys(part)) {
        size += key.length + 4;
        if (size > limit) return size;
        open.push(part[key as keyof typeof part]);
      }
    }
  }
  return size;
}

/** Text of at most `maxLength` UTF-16 units, with an ellipsis where it was longer and no half of a character. */
export function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  if (maxLength <= 0) return "";
  return `${text.slice(0, Math.max(maxLength - 1, 0)).replace(/[\ud800-\udbff]$/u, "")}…`;
}
